import { type DraftRecord, QUEUE_LOST_AFTER_MS } from "../contract/draft-record.ts";
import type { LeaseTime } from "./decide.ts";

/** A replay that was recorded is published within seconds; if it is open after this part of a lease, it is published again. */
const REPUBLISH_AFTER_LEASES = 1 / 3;
/** A delivery that died is claimed anew by the next one; what has not happened by then may need the sweep. */
const OPEN_LEASES = 2;
/** From look to look an open record is left alone for twice as long as before, at most this. */
const OPEN_MAX_MS = 60 * 60 * 1000;
/** A draft that lands late has landed or never will: looked for twice, in case a machine was paused for long. */
const ENDED_LEASES = [1, 10];

/**
 * When the sweep has to look at a record that is written at `nowMs`; null: never again. Everything is in leases, so that
 * it shrinks with them in a test.
 */
export function dueAtMs(record: DraftRecord, { leaseMs, nowMs }: LeaseTime): number | null {
  const { state, tainted, taintedBefore, body, note, looks } = record;
  switch (state) {
    case "queued":
    case "processing": {
      const lostAtMs = record.createdAtMs + QUEUE_LOST_AFTER_MS;
      if (note === "publish-unconfirmed" && body !== null) return nowMs + leaseMs * REPUBLISH_AFTER_LEASES;
      if (!tainted && body === null) return Math.max(lostAtMs, nowMs);
      const afterMs = Math.max(leaseMs * OPEN_LEASES, Math.min(leaseMs * OPEN_LEASES * 2 ** looks, OPEN_MAX_MS));
      return nowMs + afterMs;
    }
    case "created":
      return taintedBefore ? endedDueAtMs(looks, leaseMs, nowMs) : null;
    case "failed":
    case "parked":
    case "dead":
    case "canceled":
      return tainted ? endedDueAtMs(looks, leaseMs, nowMs) : null;
    default:
      return state satisfies never;
  }
}

function endedDueAtMs(looks: number, leaseMs: number, nowMs: number): number | null {
  const leases = ENDED_LEASES[looks];
  return leases === undefined ? null : nowMs + leases * leaseMs;
}
