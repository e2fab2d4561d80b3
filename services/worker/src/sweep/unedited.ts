import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { MarkedDraft } from "../gmail/gmail-port.ts";

/**
 * Whether nobody has touched a draft since it was made, as far as that can be known for certain; in doubt somebody has.
 * An edit gives a draft's message a new id. Where the first id was never learned, as its answer was lost, Gmail has kept
 * it: a thread is named for its first message. An edited subject may start a thread anew, hence the comparison.
 */
export function isUnedited(
  draft: MarkedDraft,
  record: Pick<DraftRecord, "draftId" | "messageId" | "subject">,
): boolean {
  if (draft.draftId === record.draftId) return draft.messageId === record.messageId;
  return draft.messageId === draft.threadId && draft.subject === record.subject;
}
