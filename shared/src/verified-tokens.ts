import { hash } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { IdTokenClaims } from "./id-token-claims.ts";

/** Verifies an identity token. Rejects with `IdTokenRefused`, or with CERTS_UNAVAILABLE. */
export type VerifyIdToken = (token: string) => Promise<IdTokenClaims>;

/** A caller or a subscription sends one token for an hour; more tokens than these at once only cost their verification again. */
const TOKENS_KEPT = 1_000;

/**
 * The same verifier, which verifies a token once and then knows it by its SHA-256 until it expires: every use still looks at the time.
 * Nothing is kept of a token that was refused. A key that Google withdraws early is noticed when the token expires.
 */
export function rememberVerified(verify: VerifyIdToken, clock: Clock, tokensKept = TOKENS_KEPT): VerifyIdToken {
  // The one that was used last stands last.
  const known = new Map<string, IdTokenClaims>();
  const underWay = new Map<string, Promise<IdTokenClaims>>();
  const verifyAndKeep = async (token: string, key: string): Promise<IdTokenClaims> => {
    try {
      const claims = await verify(token);
      known.set(key, claims);
      const [longestUnused] = known.keys();
      if (known.size > tokensKept && longestUnused !== undefined) known.delete(longestUnused);
      return claims;
    } finally {
      underWay.delete(key);
    }
  };
  return (token) => {
    const key = hash("sha256", token, "base64url");
    const claims = known.get(key);
    known.delete(key);
    if (claims !== undefined && clock.nowMs() < claims.goodUntilMs) {
      known.set(key, claims);
      return Promise.resolve(claims);
    }
    const verifying = underWay.get(key) ?? verifyAndKeep(token, key);
    underWay.set(key, verifying);
    return verifying;
  };
}
