import {
  type BodyParts,
  type DraftIds,
  type DraftRecord,
  type DraftState,
  type FailureState,
  hasBody,
  isLegalMove,
  RECORD_TTL_MS,
  type RecordProblem,
} from "../contract/draft-record.ts";
import { dueAtMs } from "./due.ts";

/**
 * Every decision about a record, as functions of the record alone: no store, no clock. A caller writes the record that
 * comes back on condition that nobody has written it since it was read; otherwise it reads and decides again.
 */

/** How old a lease may grow, and what time it is by the store's clock. */
export interface LeaseTime {
  readonly leaseMs: number;
  readonly nowMs: number;
}

/** Why and as what a request ends. `body` is the request's JSON, for a replay; null when it cannot be had, or lies in parts. */
export interface Failure {
  readonly state: FailureState;
  readonly problem: RecordProblem;
  readonly body: string | null;
  readonly bodyParts?: BodyParts | null;
}

interface Write {
  readonly kind: "write";
  readonly record: DraftRecord;
}

/** The request has ended already, or has gone on without this message: acknowledge and do nothing. */
interface Duplicate {
  readonly kind: "duplicate";
  readonly record: DraftRecord;
}

/** A lease is live for `retryAfterMs` more. Never acknowledge on this: its owner may be gone. */
interface Busy {
  readonly kind: "busy";
  readonly retryAfterMs: number;
}

/** Another request has this id. */
interface Conflict {
  readonly kind: "conflict";
  readonly record: DraftRecord;
}

export type ClaimDecision = Write | Duplicate | Busy | Conflict;

/** `done`: the record shows this very write, whose answer was lost. `fenced-off`: the claim is not the caller's now. */
export type OwnerDecision =
  | Write
  | { readonly kind: "done"; readonly record: DraftRecord }
  | { readonly kind: "fenced-off" };

/** `refused`: no such move from that state. `busy`: not while a lease is live. */
export type OperatorDecision = Write | Busy | { readonly kind: "refused"; readonly state: DraftState };

/**
 * A delivery wants to work on the request. The record that comes back is tainted, as from here on a create may leave;
 * what the taint was before is in `taintedBefore`: if true, look for a draft before making one.
 */
export function decideClaim(stored: DraftRecord | null, candidate: DraftRecord, time: LeaseTime): ClaimDecision {
  const current = stored ?? candidate;
  const obstacle = obstacleTo("claim", stored, candidate, "processing", time);
  if (obstacle !== null) return obstacle;
  return written(current, time, {
    state: "processing",
    fence: current.fence + 1,
    taintedBefore: current.tainted,
    tainted: true,
    claimedAtMs: time.nowMs,
    claims: current.claims + 1,
    // A late delivery of an older message does not prove that the newest one was published.
    note: candidate.generation < current.generation ? current.note : null,
    problem: null,
  });
}

/**
 * A request ends without a claim: it is not valid, or the queue has given up. Keeps the taint that is there. The message of an
 * older generation says nothing of one that has been taken up again since, and is a duplicate.
 */
export function decideRefuse(
  stored: DraftRecord | null,
  candidate: DraftRecord,
  failure: Failure,
  time: LeaseTime,
): ClaimDecision {
  const current = stored ?? candidate;
  const obstacle = obstacleTo("refuse", stored, candidate, failure.state, time);
  if (obstacle !== null) return obstacle;
  if (candidate.generation < current.generation) return { kind: "duplicate", record: current };
  return written(current, time, {
    ...endedBy(current, failure),
    fence: current.fence + 1,
    claimedAtMs: null,
    note: null,
  });
}

/** The owner of `fence` has the draft. */
export function decideComplete(record: DraftRecord, fence: number, draft: DraftIds, time: LeaseTime): OwnerDecision {
  if (record.fence !== fence) return { kind: "fenced-off" };
  if (record.state === "created" && record.draftId === draft.draftId) return { kind: "done", record };
  if (!isLegalMove("complete", record.state, "created")) return { kind: "fenced-off" };
  return written(record, time, created(draft));
}

/** The owner of `fence` knows that its attempt made no draft: the taint becomes what it was before the claim. */
export function decideRelease(
  record: DraftRecord,
  fence: number,
  note: "throttled" | null,
  time: LeaseTime,
): OwnerDecision {
  if (record.fence !== fence) return { kind: "fenced-off" };
  if (record.state === "queued") return { kind: "done", record };
  if (!isLegalMove("release", record.state, "queued")) return { kind: "fenced-off" };
  return written(record, time, {
    state: "queued",
    tainted: record.taintedBefore,
    claimedAtMs: null,
    note: record.note === "publish-unconfirmed" ? record.note : note,
  });
}

/** The owner of `fence` gives up. The taint stays: an attempt before may have left a draft. */
export function decideFail(record: DraftRecord, fence: number, failure: Failure, time: LeaseTime): OwnerDecision {
  if (record.fence !== fence) return { kind: "fenced-off" };
  if (record.state === failure.state) return { kind: "done", record };
  if (!isLegalMove("fail", record.state, failure.state)) return { kind: "fenced-off" };
  return written(record, time, { ...endedBy(record, failure), claimedAtMs: null, note: null });
}

/** The queue did not confirm that it holds the message of this request. */
export function decideDoubt(record: DraftRecord, time: LeaseTime): OperatorDecision {
  if (!isLegalMove("doubt", record.state, "queued")) return { kind: "refused", state: record.state };
  return written(record, time, { note: "publish-unconfirmed" });
}

/**
 * Once more. The taint stays, so that the next claim looks for a draft first; the body stays until the request has ended,
 * so that a replay which stops between this write and its publish can be taken up again. A claim in between proves
 * nothing about that publish: it may be a late delivery of an older message, which nobody delivers again.
 */
export function decideReplay(
  record: DraftRecord,
  time: LeaseTime,
  generation: number = record.generation,
  replayedBy: string | null = null,
): OperatorDecision {
  const isThis = record.generation === generation;
  if (!isThis || !isLegalMove("replay", record.state, "queued")) return { kind: "refused", state: record.state };
  return written(record, time, {
    state: "queued",
    fence: record.fence + 1,
    generation: record.generation + 1,
    replayedBy,
    note: "publish-unconfirmed",
    problem: null,
  });
}

/** The queue holds the message of this generation. */
export function decideConfirm(record: DraftRecord, generation: number, time: LeaseTime): OperatorDecision {
  const isThis = record.note === "publish-unconfirmed" && record.generation === generation;
  if (!isThis || !isLegalMove("confirm", record.state, "queued")) return { kind: "refused", state: record.state };
  return written(record, time, { note: null });
}

/** Withdrawn before it became a draft. Messages that are still in the queue are acknowledged when they come. */
export function decideCancel(record: DraftRecord, time: LeaseTime): OperatorDecision {
  if (!isLegalMove("cancel", record.state, "canceled")) return { kind: "refused", state: record.state };
  return written(record, time, { state: "canceled", fence: record.fence + 1, note: null, ...NO_BODY });
}

/** A draft with this request's marker is in the mailbox although no claim completed. */
export function decideAdopt(record: DraftRecord, draft: DraftIds, time: LeaseTime): OperatorDecision {
  if (!record.tainted || !isLegalMove("adopt", record.state, "created"))
    return { kind: "refused", state: record.state };
  const retryAfterMs = leaseLeftMs(record, time);
  if (retryAfterMs > 0) return { kind: "busy", retryAfterMs };
  return written(record, time, { ...created(draft), taintedBefore: true, fence: record.fence + 1 });
}

/**
 * What is left of the lease; 0 when there is none. A claim that seems to lie in the future, as after a step of the
 * clock, counts as just begun.
 */
export function leaseLeftMs(record: DraftRecord, { leaseMs, nowMs }: LeaseTime): number {
  if (record.claimedAtMs === null) return 0;
  return Math.max(0, leaseMs - Math.max(0, nowMs - record.claimedAtMs));
}

/** What keeps a delivery from taking a record anywhere; null: nothing does. */
export function obstacleTo(
  cause: "claim" | "refuse" | "withdraw" | "schedule",
  stored: DraftRecord | null,
  candidate: DraftRecord,
  to: DraftState,
  time: LeaseTime,
): Duplicate | Busy | Conflict | null {
  if (stored === null) return null;
  if (stored.bodyHash !== candidate.bodyHash) return { kind: "conflict", record: stored };
  if (!isLegalMove(cause, stored.state, to)) return { kind: "duplicate", record: stored };
  // The ledger has all of it and publishes it in time; only what its batch is told can end it before.
  if (stored.note === "scheduled" && cause !== "withdraw") return { kind: "duplicate", record: stored };
  const retryAfterMs = leaseLeftMs(stored, time);
  return retryAfterMs > 0 ? { kind: "busy", retryAfterMs } : null;
}

function created({ draftId, messageId, threadId }: DraftIds) {
  return {
    state: "created",
    draftId,
    messageId,
    threadId,
    claimedAtMs: null,
    note: null,
    problem: null,
    ...NO_BODY,
  } as const;
}

const NO_BODY = { body: null, bodyParts: null } as const;

/** A body that is on record already stays: a dead letter that is told a second time may come without one. */
function endedBy(record: DraftRecord, failure: Failure): Failure {
  const { body, bodyParts = null } = hasBody({ bodyParts: null, ...failure }) ? failure : record;
  return { ...failure, body, bodyParts };
}

/** The record with its changes, and when the sweep is to look at it. */
export function written(record: DraftRecord, time: LeaseTime, changes: Partial<DraftRecord>): Write {
  const next = { ...record, looks: 0, ...changes, updatedAtMs: time.nowMs };
  const keptFromMs = next.note === "scheduled" ? Math.max(time.nowMs, next.notBeforeMs ?? 0) : time.nowMs;
  return { kind: "write", record: { ...next, expireAtMs: keptFromMs + RECORD_TTL_MS, dueAtMs: dueAtMs(next, time) } };
}
