import type { DraftIds, DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { Failure } from "@draftmill/shared/ledger/decide.ts";

/** A record as it would be accepted now, with whatever the test cares about. */
export function aRecord(changes: Partial<DraftRecord> = {}): DraftRecord {
  const request = {
    id: "request-1",
    mailbox: "rep@corp.example",
    to: ["Ada Lovelace <ada@example.com>"],
    subject: "Hello",
    bodyHash: "hash-1",
  };
  return { ...newDraftRecord(request, Date.now()), ...changes };
}

export const aDraft: DraftIds = { draftId: "r-1001", messageId: "18c1f0", threadId: "18c1ef" };

export function aFailure(changes: Partial<Failure> = {}): Failure {
  const problem = { code: "RECIPIENT_INVALID", detail: "Gmail refused the To header.", retryable: false };
  return { state: "failed", problem, body: '{"to":"ada@example.com"}', ...changes };
}
