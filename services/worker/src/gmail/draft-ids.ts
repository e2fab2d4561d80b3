import type { gmail_v1 } from "googleapis/build/src/apis/gmail/index.js";
import type { CreatedDraft } from "./gmail-port.ts";

/** The ids in a draft as drafts.create and drafts.list answer it; null when one is missing. */
export function draftIdsOf(draft: gmail_v1.Schema$Draft): CreatedDraft | null {
  const { id: draftId, message } = draft;
  const { id: messageId, threadId } = message ?? {};
  return draftId && messageId && threadId ? { draftId, messageId, threadId } : null;
}
