/** How long a mailbox is left alone after a refusal. One call then tries it; if that is refused too, the pause is longer. */
export interface Pause {
  readonly ms: number;
  /** Of the first refusal since a call was served. */
  readonly sinceMs: number;
  /** Whether it was the first refusal of all. */
  readonly isFirst: boolean;
}

const MINUTE_MS = 60_000;
/** Google asks for at least one second (https://developers.google.com/workspace/gmail/api/guides/handle-errors). */
const FIRST_MS = 2_000;
/** Calls that were too many at once are over in less. */
const FIRST_FOR_CONCURRENCY_MS = 500;
/** A quota per minute comes back within one: until then nothing is won by waiting longer. */
const WITHIN_A_MINUTE_MS = 5_000;
/** A mailbox that begins may spend the minute's quota in seconds: most of the minute is left. With what spreads it no long pause yet. */
const WITHIN_THE_FIRST_MS = 7_000;
const LONGEST_MS = 64_000;
/** Four drafts: the more instances share a quota, the less each asks whether there is some. */
const SHARE_UNITS = 40;
const BY_SHARE_MAX_MS = 30_000;

/** The pause after a refusal, the first of all or not; `before` is the last one, if no call has been served since. */
export function nextPause(
  before: Pause | null,
  limit: "rate" | "concurrency",
  unitsPerMinute: number,
  nowMs: number,
  isFirst: boolean,
): Pause {
  const byShareMs = limit === "rate" ? Math.min(BY_SHARE_MAX_MS, (SHARE_UNITS * MINUTE_MS) / unitsPerMinute) : 0;
  if (before === null) {
    const firstMs = limit === "rate" ? FIRST_MS : FIRST_FOR_CONCURRENCY_MS;
    return { ms: Math.max(firstMs, byShareMs), sinceMs: nowMs, isFirst };
  }
  const withinMs = before.isFirst ? WITHIN_THE_FIRST_MS : WITHIN_A_MINUTE_MS;
  const longestMs = nowMs - before.sinceMs < MINUTE_MS ? withinMs : LONGEST_MS;
  return {
    ms: Math.max(Math.min(before.ms * 2, longestMs), byShareMs),
    sinceMs: before.sinceMs,
    isFirst: before.isFirst,
  };
}

/** What comes on top of it, so that instances that were refused together do not come back together. */
export function spreadMs({ ms }: Pause, random: number): number {
  return 0.4 * ms * random;
}
