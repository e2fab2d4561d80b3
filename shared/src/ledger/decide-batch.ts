import { type DraftRecord, isLegalMove, type RecordProblem } from "../contract/draft-record.ts";
import { type ClaimDecision, type LeaseTime, type OperatorDecision, obstacleTo, written } from "./decide.ts";

/** What becomes of a record because of its batch, again as functions of the record alone. */

/** The batch was canceled before this request became a draft. Keeps the taint: an attempt before may have left one. */
export function decideWithdraw(
  stored: DraftRecord | null,
  candidate: DraftRecord,
  problem: RecordProblem,
  time: LeaseTime,
): ClaimDecision {
  const current = stored ?? candidate;
  const obstacle = obstacleTo("withdraw", stored, candidate, "canceled", time);
  if (obstacle !== null) return obstacle;
  return written(current, time, {
    state: "canceled",
    fence: current.fence + 1,
    claimedAtMs: null,
    note: null,
    problem,
    body: null,
    bodyParts: null,
  });
}

/**
 * Its draft was taken back: the record counts as absent from now on, so that its key may stand for a draft again. Refused when it
 * names another draft by now.
 */
export function decideForget(record: DraftRecord, draftId: string, time: LeaseTime): OperatorDecision {
  if (record.draftId !== draftId || !isLegalMove("forget", record.state, "canceled")) {
    return { kind: "refused", state: record.state };
  }
  const { record: forgotten } = written(record, time, { state: "canceled", fence: record.fence + 1 });
  return { kind: "write", record: { ...forgotten, dueAtMs: null, expireAtMs: time.nowMs } };
}
