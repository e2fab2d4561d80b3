/** How long a mailbox is left alone after a refusal. One call then tries it; if that is refused too, the pause is longer. */
export interface Pause {
  readonly ms: number;
  /** Of the first refusal since a call was served. */
  readonly sinceMs: number;
  /** When the mailbox's first call was, if that was the first refusal of all and came within a run of calls. */
  readonly openedMs: number | null;
}

const MINUTE_MS = 60_000;
/** Google asks for at least one second (https://developers.google.com/workspace/gmail/api/guides/handle-errors). */
const FIRST_MS = 2_000;
/** Calls that were too many at once are over in less. */
const FIRST_FOR_CONCURRENCY_MS = 500;
/** A quota per minute comes back within one: until then nothing is won by waiting longer. */
const WITHIN_A_MINUTE_MS = 6_000;
/**
 * A mailbox that begins may spend the minute's quota in seconds. Refused and, a pause later, refused again, it has: so long after its first
 * call the quota is about to come back.
 */
const FIRST_MINUTE_MS = 52_000;
const LONGEST_MS = 64_000;
/** Four drafts: the more instances share a quota, the less each asks whether there is some. */
const SHARE_UNITS = 40;
const BY_SHARE_MAX_MS = 30_000;
/** More of a spread leaves the quota idle when it is back (infra/docs/pacing.md). */
const SPREAD_MAX_MS = 8_000;

/** The pause after a refusal; `openedMs` as in a pause; `before` is the last one, if no call has been served since. */
export function nextPause(
  before: Pause | null,
  limit: "rate" | "concurrency",
  unitsPerMinute: number,
  nowMs: number,
  openedMs: number | null,
): Pause {
  const byShareMs = limit === "rate" ? Math.min(BY_SHARE_MAX_MS, (SHARE_UNITS * MINUTE_MS) / unitsPerMinute) : 0;
  if (before === null) {
    const firstMs = limit === "rate" ? FIRST_MS : FIRST_FOR_CONCURRENCY_MS;
    return { ms: Math.max(firstMs, byShareMs), sinceMs: nowMs, openedMs };
  }
  const leftMs = limit === "rate" && before.openedMs !== null ? before.openedMs + FIRST_MINUTE_MS - nowMs : 0;
  const longestMs = nowMs - before.sinceMs < MINUTE_MS ? WITHIN_A_MINUTE_MS : LONGEST_MS;
  return {
    ms: Math.max(Math.min(before.ms * 2, longestMs), byShareMs, leftMs),
    sinceMs: before.sinceMs,
    openedMs: before.openedMs,
  };
}

/** Whether a refusal now, after this pause, shows that the mailbox's first minute is spent: who tried in it was refused as well. */
export function isFirstMinuteSpent(before: Pause | null, nowMs: number): boolean {
  return before !== null && before.openedMs !== null && nowMs - before.openedMs < MINUTE_MS;
}

/** What comes on top of it, so that instances that were refused together do not come back together. */
export function spreadMs({ ms }: Pause, random: number): number {
  return Math.min(0.4 * ms, SPREAD_MAX_MS) * random;
}
