import { createRemoteJWKSet, customFetch, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "./clock.ts";
import { DraftError } from "./errors.ts";
import { openPooledFetch } from "./http/pooled-fetch.ts";
import { CLOCK_TOLERANCE_SECONDS, GOOGLE_ISSUERS, IdTokenRefused, readClaims } from "./id-token-claims.ts";
import { rememberVerified, type VerifyIdToken } from "./verified-tokens.ts";

export interface IdTokenRules {
  readonly certsUrl: string;
  /** One of these must be the token's `aud`, letter by letter. */
  readonly audiences: readonly string[];
  readonly clock: Clock;
}

const CERTS_TIMEOUT_MS = 5_000;
/** Google's tokens last an hour; a longer life, or one that starts in the future, is not of Google's making. */
const LONGEST_LIFE_SECONDS = 86_400;

/**
 * A function that verifies tokens which Google signed: RS256 signature, issuer, audience, expiry, a verified address.
 * Keys are cached and fetched anew when a token names an unknown one, at most every 30 s; a token that was verified is known until
 * it expires. The function rejects with `IdTokenRefused` and the failed check as its reason, or with CERTS_UNAVAILABLE.
 */
export function createIdTokenVerifier({ certsUrl, audiences, clock }: IdTokenRules): VerifyIdToken {
  const keys = createRemoteJWKSet(new URL(certsUrl), {
    timeoutDuration: CERTS_TIMEOUT_MS,
    cooldownDuration: 30_000,
    // Node's own fetch takes a worker's first push 10 ms of processor time to set up (measured); this one is there already.
    [customFetch]: openPooledFetch({ timeoutMs: CERTS_TIMEOUT_MS }),
  });
  const verify: VerifyIdToken = async (token) => {
    const payload = await verified(() =>
      jwtVerify(token, keys, {
        algorithms: ["RS256"],
        issuer: GOOGLE_ISSUERS,
        audience: [...audiences],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        // Also what makes jose look at `iat` at all.
        maxTokenAge: LONGEST_LIFE_SECONDS,
        currentDate: new Date(clock.nowMs()),
        requiredClaims: ["exp", "iat"],
      }),
    );
    const claims = readClaims(payload);
    const oldMs = ((payload.iat ?? 0) + LONGEST_LIFE_SECONDS + CLOCK_TOLERANCE_SECONDS) * 1000;
    return { ...claims, goodUntilMs: Math.min(claims.goodUntilMs, oldMs) };
  };
  return rememberVerified(verify, clock);
}

async function verified(verify: () => Promise<{ payload: JWTPayload }>): Promise<JWTPayload> {
  try {
    return (await verify()).payload;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    // jose's own codes name the failed check; everything else is the way to the keys (jose v6 docs, util/errors).
    if (/^ERR_(JWT|JWS|JOSE|JWKS_(NO|MULTIPLE)_MATCHING)/.test(code) && code !== "ERR_JOSE_GENERIC") {
      throw new IdTokenRefused(`${code}: ${error instanceof Error ? error.message : ""}`);
    }
    throw new DraftError("CERTS_UNAVAILABLE", { reason: code === "" ? "fetch failed" : code });
  }
}
