import type { RetryPolicy } from "./subscription.ts";

/** Spreads redeliveries that failed together. */
const JITTER = 0.1;

/**
 * How long a message waits after its n-th failed delivery: the minimum doubled each time, capped at the maximum, plus up
 * to a tenth. No policy: no wait. Pub/Sub documents "exponential" between the bounds; that it doubles is our reading
 * (https://cloud.google.com/pubsub/docs/handling-failures#exponential_backoff).
 */
export function retryDelayMs(retry: RetryPolicy | undefined, failures: number, random: () => number): number {
  if (retry === undefined) return 0;
  const { minimumBackoffMs, maximumBackoffMs } = retry;
  const delayMs = minimumBackoffMs * 2 ** Math.max(0, failures - 1) * (1 + JITTER * random());
  return Math.min(maximumBackoffMs, Math.round(delayMs));
}
