import type { DraftRecord, DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { EventContent, EventType } from "./cloud-event.ts";

/**
 * What is told of a request that has ended; null of one that is still open, and of one that an operator withdrew. The fence rises with
 * each claim and each replay, so that every parking and every failure is an event of its own; a record that is let go
 * and made anew under the same id begins at another time. Nothing of the mail is in it.
 */
export function draftEvent(record: DraftRecord): EventContent | null {
  const type = typeOf(record.state);
  if (type === null) return null;
  const { id, state, mailbox, draftId, messageId, batch, dedupeKey, caller, problem, metadata } = record;
  return {
    type,
    subject: id,
    occurrence: [record.createdAtMs, record.fence],
    timeMs: record.updatedAtMs,
    data: {
      id,
      mailbox,
      status: state,
      draftId,
      messageId,
      batch,
      dedupeKey,
      caller,
      problem: problem === null ? null : { code: problem.code, detail: problem.detail, retryable: problem.retryable },
      metadata,
    },
  };
}

/** What Pub/Sub gave up has failed for whoever waits; `status` says that it is dead. */
function typeOf(state: DraftState): EventType | null {
  switch (state) {
    case "created":
      return "draftmill.draft.created";
    case "failed":
    case "dead":
      return "draftmill.draft.failed";
    case "parked":
      return "draftmill.draft.parked";
    case "queued":
    case "processing":
    case "canceled":
      return null;
    default:
      return state satisfies never;
  }
}
