/**
 * What one instance takes of a mailbox's quota for its own, and how that changes with what Gmail answers. The quota is
 * one of units per minute and user (https://developers.google.com/workspace/gmail/api/reference/quota), so this is one
 * too: what an instance got in the minute before a refusal is its share. Every figure here was chosen by simulation
 * (infra/docs/pacing.md).
 */
export interface Share {
  readonly unitsPerMinute: number;
  /** What it was after the last refusal; infinite before the first. */
  readonly knownUnits: number;
  /** Whether the minute before the last refusal bore it out. */
  readonly isKnown: boolean;
  /** Of the last refusal, or of the first call before there was one. */
  readonly sinceMs: number;
  readonly phase: "opening" | "refused";
  /** For how long it has been growing fast. */
  readonly fastMs: number;
}

const MINUTE_MS = 60_000;

/** The part of the quota's own speed that a mailbox begins with; it doubles each second until the first refusal. */
const OPENING = 0.2;
/** What is unspent of the last minute's share is spent within so long, beside the share itself. */
const UNSPENT_WITHIN_MS = 6_000;

const CUT = 0.6;
/** One that comes late to a minute that others have begun had less of it than is its due. */
const SPENT_LEAST = 0.05;
/** One draft in 50 s: a mailbox that others have used up is still asked. */
const FLOOR_UNITS = 12;

/** Around a share that a refusal has shown: a fifth in a minute. */
const SLOW_PER_S = 0.003;
const SLOW_FOR_MS = 60_000;
/** Once so much more than that was had without a refusal, the limit is another one. */
const BEYOND = 1.05;
/** Below it, or where it is not known, growth itself grows: twice as fast after ten seconds. */
const FAST_PER_S = 0.03;
const FAST_DOUBLES_MS = 10_000;

export function openShare(unitsPerMinuteMax: number, nowMs: number): Share {
  return {
    unitsPerMinute: unitsPerMinuteMax,
    knownUnits: Number.POSITIVE_INFINITY,
    isKnown: false,
    sinceMs: nowMs,
    phase: "opening",
    fastMs: 0,
  };
}

/** How long a call of so many units keeps the next one waiting, when `spent` units have been spent within a minute. */
export function gapMs(share: Share, units: number, spent: number, nowMs: number): number {
  const { unitsPerMinute, phase, sinceMs } = share;
  const unspent = Math.max(0, unitsPerMinute - spent);
  const gap = units / (unitsPerMinute / MINUTE_MS + unspent / UNSPENT_WITHIN_MS);
  if (phase !== "opening") return gap;
  const unitsPerS = ((unitsPerMinute * OPENING) / 60) * 2 ** ((nowMs - sinceMs) / 1_000);
  // It goes on doubling within the gap.
  return Math.max(gap, Math.log2(1 + (units * Math.LN2) / unitsPerS) * 1_000);
}

/** After a refusal. What the last minute gave is kept; where it gave less than that, the minute tells too little. */
export function cutShare(share: Share, spent: number, nowMs: number): Share {
  const cut = share.unitsPerMinute * CUT;
  const isKnown = spent >= cut;
  const unitsPerMinute = Math.max(FLOOR_UNITS, isKnown ? Math.min(share.unitsPerMinute, spent) : cut);
  return { unitsPerMinute, knownUnits: unitsPerMinute, isKnown, sinceMs: nowMs, phase: "refused", fastMs: 0 };
}

/** Once its first minute is found to be spent: that minute was all there is, and this instance's part of it is its share. */
export function spentShare(spent: number, unitsPerMinuteMax: number, nowMs: number): Share {
  const unitsPerMinute = Math.max(unitsPerMinuteMax * SPENT_LEAST, spent);
  return { unitsPerMinute, knownUnits: unitsPerMinute, isKnown: true, sinceMs: nowMs, phase: "refused", fastMs: 0 };
}

/** After `heldMs` more in which calls waited for their turn and none was refused. */
export function grownShare(
  share: Share,
  heldMs: number,
  spent: number,
  nowMs: number,
  unitsPerMinuteMax: number,
): Share {
  const { unitsPerMinute, knownUnits, isKnown, sinceMs } = share;
  const isSlow = isKnown && nowMs - sinceMs < SLOW_FOR_MS && spent <= knownUnits * BEYOND;
  const fastMs = isSlow ? 0 : share.fastMs + heldMs;
  const perS = isSlow ? SLOW_PER_S : FAST_PER_S * (1 + fastMs / FAST_DOUBLES_MS);
  const grown = unitsPerMinute * (1 + (perS * heldMs) / 1_000);
  return { ...share, unitsPerMinute: Math.min(unitsPerMinuteMax, grown), fastMs };
}
