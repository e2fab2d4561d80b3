import { createRemoteJWKSet, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "./clock.ts";
import { DraftError } from "./errors.ts";

export interface IdTokenRules {
  readonly certsUrl: string;
  /** The `aud` that the token must carry, letter by letter. */
  readonly audience: string;
  readonly clock: Clock;
}

/** The claims of a verified token that the services act on. */
export interface IdTokenClaims {
  readonly email: string;
}

/** Google writes its issuer either way (https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken). */
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];
const CLOCK_TOLERANCE_SECONDS = 60;
const CERTS_TIMEOUT_MS = 5_000;
/** Google's tokens last an hour; a longer life, or one that starts in the future, is not of Google's making. */
const LONGEST_LIFE_SECONDS = 86_400;

/**
 * A function that verifies tokens which Google signed: RS256 signature, issuer, audience, expiry, a verified address.
 * Keys are cached and fetched anew when a token names an unknown one, at most every 30 s.
 * The function throws PUSH_UNVERIFIED with the failed check as its reason, or CERTS_UNAVAILABLE.
 */
export function createIdTokenVerifier({
  certsUrl,
  audience,
  clock,
}: IdTokenRules): (token: string) => Promise<IdTokenClaims> {
  const keys = createRemoteJWKSet(new URL(certsUrl), { timeoutDuration: CERTS_TIMEOUT_MS, cooldownDuration: 30_000 });
  return async (token) => {
    const claims = await verified(() =>
      jwtVerify(token, keys, {
        algorithms: ["RS256"],
        issuer: ISSUERS,
        audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        // Also what makes jose look at `iat` at all.
        maxTokenAge: LONGEST_LIFE_SECONDS,
        currentDate: new Date(clock.nowMs()),
        requiredClaims: ["exp", "iat"],
      }),
    );
    if (claims.email_verified !== true || typeof claims.email !== "string") {
      throw new DraftError("PUSH_UNVERIFIED", { reason: "the token carries no verified address" });
    }
    return { email: claims.email };
  };
}

async function verified(verify: () => Promise<{ payload: JWTPayload }>): Promise<JWTPayload> {
  try {
    return (await verify()).payload;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // jose's own codes name the failed check; everything else is the way to the keys (jose v6 docs, util/errors).
    if (/^ERR_(JWT|JWS|JOSE|JWKS_(NO|MULTIPLE)_MATCHING)/.test(code) && code !== "ERR_JOSE_GENERIC") {
      throw new DraftError("PUSH_UNVERIFIED", { reason: `${code}: ${error instanceof Error ? error.message : ""}` });
    }
    throw new DraftError("CERTS_UNAVAILABLE", { reason: code === "" ? "fetch failed" : code });
  }
}
