import { createHash } from "node:crypto";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import type { DraftError } from "@draftmill/shared/errors.ts";
import type { Failure } from "@draftmill/shared/ledger/decide.ts";

/** How the ledger keeps a failure: as the HTTP interface would have told it, with the body for a replay. */
export function failureOf(error: DraftError, pushed: PushedMessage): Failure {
  return {
    state: error.class === "permanent" ? "failed" : "parked",
    problem: {
      code: error.code,
      detail: error.reason,
      remedy: error.remedy,
      retryable: error.class !== "permanent",
      ...(error.fields.length > 0 ? { errors: error.fields } : {}),
    },
    body: pushed.data.toString("utf8"),
  };
}

/** The record of a message that cannot be read as a request: nothing is known of it but its id and its bytes. */
export function unreadableRecord(id: string, pushed: PushedMessage, nowMs: number): DraftRecord {
  const bodyHash = createHash("sha256").update(pushed.data).digest("base64url");
  return newDraftRecord({ id, mailbox: "", to: [], subject: "", bodyHash }, nowMs);
}
