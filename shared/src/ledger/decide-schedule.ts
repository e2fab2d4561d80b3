import type { BodyParts, DraftRecord } from "../contract/draft-record.ts";
import { type ClaimDecision, type LeaseTime, obstacleTo, written } from "./decide.ts";

/** What is kept of a request that waits for its time: its JSON, or where that lies in parts. */
export interface KeptRequest {
  readonly body: string | null;
  readonly bodyParts?: BodyParts | null;
}

/**
 * The request is not to be made before `candidate.notBeforeMs`: its body is kept, and the sweep publishes it again in time. From then
 * on it is the record's alone, and what other deliveries say of it, its time too, changes nothing. Keeps the taint.
 */
export function decideSchedule(
  stored: DraftRecord | null,
  candidate: DraftRecord,
  { body, bodyParts = null }: KeptRequest,
  time: LeaseTime,
): ClaimDecision {
  const current = stored ?? candidate;
  const obstacle = obstacleTo("schedule", stored, candidate, "queued", time);
  if (obstacle !== null) return obstacle;
  return written(current, time, {
    state: "queued",
    fence: current.fence + 1,
    claimedAtMs: null,
    note: "scheduled",
    notBeforeMs: candidate.notBeforeMs,
    body,
    bodyParts,
  });
}
