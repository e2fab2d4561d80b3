import { type DraftRecord, hasBody, QUEUE_LOST_AFTER_MS } from "../contract/draft-record.ts";
import { HELD_WITHIN_MS } from "../contract/not-before.ts";
import type { LeaseTime } from "./decide.ts";

/** The queue confirms a message within seconds; what is unconfirmed after this part of a lease is published again. */
const UNCONFIRMED_LEASES = 1 / 3;
/** A delivery that died is claimed anew by the next one; until then a draft that it left is looked for. */
const TAINTED_LEASES = 2;
/** From look to look an open record is left alone for twice as long as before, at most this. */
const LONGEST_MS = 60 * 60 * 1000;
/**
 * From the end, and from look to look. What lands soon after the next attempt is put right within two minutes of a lease of three;
 * the last look is for a machine that was paused for long.
 */
const ENDED_LEASES = [1 / 2, 2, 10];

/**
 * When the sweep has to look at a record that is written at `nowMs`; null: never again. In leases, so that it shrinks with
 * them in a test.
 */
export function dueAtMs(record: DraftRecord, { leaseMs, nowMs }: LeaseTime): number | null {
  const { state, tainted, taintedBefore, looks } = record;
  switch (state) {
    case "queued":
    case "processing": {
      // A minute early: the queue and the worker hold it for the rest.
      if (isScheduled(record)) return Math.max(nowMs, (record.notBeforeMs ?? 0) - HELD_WITHIN_MS);
      // In whole milliseconds: no store keeps a part of one, and not every lease has three equal parts.
      if (isUnpublished(record)) return nowMs + doubled(Math.ceil(leaseMs * UNCONFIRMED_LEASES), looks);
      if (tainted) return nowMs + doubled(leaseMs * TAINTED_LEASES, looks);
      return nowMs + QUEUE_LOST_AFTER_MS;
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

/** Recorded as to be published again, and the queue has not confirmed it: a replay or a sweep may have died in between. */
export function isUnpublished(record: Pick<DraftRecord, "note" | "body" | "bodyParts">): boolean {
  return record.note === "publish-unconfirmed" && hasBody(record);
}

/** Waits in the ledger for its time. */
export function isScheduled({ state, note }: Pick<DraftRecord, "state" | "note">): boolean {
  return state === "queued" && note === "scheduled";
}

function doubled(firstMs: number, times: number): number {
  return Math.max(firstMs, Math.min(firstMs * 2 ** times, LONGEST_MS));
}

function endedDueAtMs(looks: number, leaseMs: number, nowMs: number): number | null {
  const leases = ENDED_LEASES[looks];
  return leases === undefined ? null : nowMs + leases * leaseMs;
}
