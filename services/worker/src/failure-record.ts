import { createHash } from "node:crypto";
import { type DraftMessage, generationOf } from "@draftmill/shared/contract/draft-message.ts";
import { type DraftRecord, newDraftRecord, type RecordProblem } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import type { DraftError } from "@draftmill/shared/errors.ts";
import type { Failure } from "@draftmill/shared/ledger/decide.ts";

/** How the ledger keeps a failure: as the HTTP interface would have told it, with the body for a replay. */
export function failureOf(error: DraftError, pushed: PushedMessage): Failure {
  return {
    state: error.class === "permanent" ? "failed" : "parked",
    problem: problemOf(error),
    body: pushed.data.toString("utf8"),
  };
}

/** The same for the record alone. */
export function problemOf(error: DraftError): RecordProblem {
  return {
    code: error.code,
    detail: error.reason,
    remedy: error.remedy,
    retryable: error.class !== "permanent",
    ...(error.fields.length > 0 ? { errors: error.fields } : {}),
  };
}

/** The record of a message that cannot be read as a request: nothing is known of it but its id and its bytes. */
export function unreadableRecord(id: string, pushed: PushedMessage, nowMs: number): DraftRecord {
  const bodyHash = createHash("sha256").update(pushed.data).digest("base64url");
  const generation = generationOf(pushed.attributes);
  return newDraftRecord({ id, mailbox: "", to: [], subject: "", bodyHash, generation }, nowMs);
}

/** The record of a request as its message tells it, before anything has come of it. */
export function requestRecord(message: DraftMessage, nowMs: number): DraftRecord {
  const { id, request, bodyHash, caller, batch, generation } = message;
  const known = {
    id,
    mailbox: request.mailbox,
    to: request.to.map(({ address }) => address),
    subject: request.subject,
    bodyHash,
    caller,
    batch,
    generation,
    dedupeKey: request.dedupeKey,
    notBeforeMs: request.notBeforeMs,
    metadata: request.metadata,
  };
  return newDraftRecord(known, message.accepted?.createdAtMs ?? nowMs);
}
