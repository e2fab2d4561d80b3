import {
  type DraftRecord,
  hasBody,
  isLegalMove,
  QUEUE_LOST_AFTER_MS,
  type RecordProblem,
} from "../contract/draft-record.ts";
import { type LeaseTime, leaseLeftMs, type OperatorDecision, written } from "./decide.ts";
import { isScheduled, isUnpublished } from "./due.ts";

/** What the sweep decides about a record that is due, again as functions of the record alone. */

/**
 * - `none`: it is not due any more
 * - `busy`: a delivery has it; nothing to do before its lease ends
 * - `adopt`: look for a draft that nobody completed; if there is one, adopt it; otherwise do what `otherwise` says
 * - `extras`: look for drafts beside the one that the record names
 * - `republish`: its message may be lost, or its time has come, and its body is on record
 * - `expire`: its message is lost, and its body is not on record
 * - `wait`: leave it to the queue
 */
export type SweepStep =
  | { readonly kind: "none" }
  | { readonly kind: "busy"; readonly retryAfterMs: number }
  | { readonly kind: "adopt"; readonly otherwise: "republish" | "expire" | "wait" }
  | { readonly kind: "extras" }
  | { readonly kind: "republish" | "expire" | "wait" };

export function decideSweep(record: DraftRecord, time: LeaseTime): SweepStep {
  const { state, tainted } = record;
  if (record.dueAtMs === null || record.dueAtMs > time.nowMs) return { kind: "none" };
  const retryAfterMs = leaseLeftMs(record, time);
  if (retryAfterMs > 0) return { kind: "busy", retryAfterMs };
  switch (state) {
    case "queued":
    case "processing": {
      const isLost = time.nowMs >= record.updatedAtMs + QUEUE_LOST_AFTER_MS;
      const isHeld = !isUnpublished(record) && !isScheduled(record) && !isLost;
      const otherwise = isHeld ? "wait" : hasBody(record) ? "republish" : "expire";
      return tainted ? { kind: "adopt", otherwise } : { kind: otherwise };
    }
    case "created":
    case "canceled":
      return { kind: "extras" };
    case "failed":
    case "parked":
    case "dead":
      return { kind: "adopt", otherwise: "wait" };
    default:
      return state satisfies never;
  }
}

/** The sweep has looked and changes nothing. A claim whose lease ran out gives the request back to the queue's care. */
export function decideLooked(record: DraftRecord, time: LeaseTime): OperatorDecision {
  const retryAfterMs = leaseLeftMs(record, time);
  if (retryAfterMs > 0) return { kind: "busy", retryAfterMs };
  return untouched(record, written(record, time, { ...lapsed(record), looks: record.looks + 1 }).record);
}

/** Google could not be asked. Not a look: the record is due again when a lease has gone by. */
export function decidePostpone(record: DraftRecord, time: LeaseTime): OperatorDecision {
  const retryAfterMs = leaseLeftMs(record, time);
  if (retryAfterMs > 0) return { kind: "busy", retryAfterMs };
  const { record: postponed } = written(record, time, { ...lapsed(record), looks: record.looks });
  return untouched(record, { ...postponed, dueAtMs: time.nowMs + time.leaseMs });
}

/** Its message is published next, once more: what the queue gives up on from here on is not this generation's. */
export function decideRepublish(record: DraftRecord, time: LeaseTime): OperatorDecision {
  if (!isLegalMove("republish", record.state, "queued") || !hasBody(record)) {
    return { kind: "refused", state: record.state };
  }
  const retryAfterMs = leaseLeftMs(record, time);
  if (retryAfterMs > 0) return { kind: "busy", retryAfterMs };
  const again = { generation: record.generation + 1, looks: record.looks + 1, note: "publish-unconfirmed" } as const;
  return written(record, time, { ...lapsed(record), ...again });
}

/** No queue can hold its message any more, nor is its body there: parts of one may have gone before the record. */
export function decideExpire(record: DraftRecord, problem: RecordProblem, time: LeaseTime): OperatorDecision {
  if (!isLegalMove("expire", record.state, "dead") || record.body !== null) {
    return { kind: "refused", state: record.state };
  }
  const retryAfterMs = leaseLeftMs(record, time);
  if (retryAfterMs > 0) return { kind: "busy", retryAfterMs };
  return written(record, time, { state: "dead", fence: record.fence + 1, claimedAtMs: null, note: null, problem });
}

/** A draft may have come of the request that its record does not name: it is due at once. */
export function decideSuspect(record: DraftRecord, time: LeaseTime): OperatorDecision {
  const taint = record.state === "created" ? { taintedBefore: true } : { tainted: true };
  const { record: suspected } = written(record, time, taint);
  return { kind: "write", record: { ...suspected, dueAtMs: time.nowMs } };
}

/** A look is no change of the request: it lives no longer for it, and what it waits for takes no longer. */
function untouched(before: DraftRecord, after: DraftRecord): OperatorDecision {
  const { updatedAtMs, expireAtMs } = before;
  return { kind: "write", record: { ...after, updatedAtMs, expireAtMs } };
}

function lapsed(record: DraftRecord): Partial<DraftRecord> {
  if (record.state !== "processing") return {};
  return { state: "queued", fence: record.fence + 1, claimedAtMs: null };
}
