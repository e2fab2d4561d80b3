import type { FastifyReply } from "fastify";
import type { BucketSize } from "./token-bucket.ts";

const DAY_SECONDS = 86_400;

export interface RateLimits extends BucketSize {
  readonly draftsPerDay: number | null;
}

/**
 * The RateLimit-Policy field (draft-ietf-httpapi-ratelimit-headers-10): `w` is the time in which an empty bucket is full again, so
 * that `q` in `w` is the pace that can be kept up.
 */
export function writePolicy(reply: FastifyReply, { burst, requestsPerSecond, draftsPerDay }: RateLimits): void {
  const requests = `"requests";q=${burst};w=${Math.ceil(burst / requestsPerSecond)}`;
  const drafts = draftsPerDay === null ? "" : `, "drafts";q=${draftsPerDay};w=${DAY_SECONDS}`;
  reply.header("ratelimit-policy", `${requests}${drafts}`);
}

/** The RateLimit field. With nothing left, `t` is the same moment as Retry-After. */
export function writeRemaining(
  reply: FastifyReply,
  policy: "requests" | "drafts",
  { remaining, resetMs }: { readonly remaining: number; readonly resetMs: number },
): void {
  reply.header("ratelimit", `"${policy}";r=${remaining};t=${Math.ceil(resetMs / 1000)}`);
}
