/** How many calls of a mailbox may run at once. Gmail has a limit that it does not publish, shared with whatever else the user runs. */
export interface AtOnce {
  readonly limit: number;
  readonly sinceMs: number;
}

export const UNBOUNDED: AtOnce = { limit: Number.POSITIVE_INFINITY, sinceMs: 0 };

const CUT = 0.75;
const GROWS_AFTER_MS = 30_000;

/** After Gmail refused one of `running` calls because too many ran at once. */
export function fewer(running: number, nowMs: number): AtOnce {
  return { limit: Math.max(1, Math.floor(running * CUT)), sinceMs: nowMs };
}

/** One more, now and then, as long as all that may run do. */
export function more(atOnce: AtOnce, running: number, nowMs: number): AtOnce {
  if (running < atOnce.limit || nowMs - atOnce.sinceMs < GROWS_AFTER_MS) return atOnce;
  return { limit: atOnce.limit + 1, sinceMs: nowMs };
}
