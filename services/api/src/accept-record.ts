import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type DraftRequest, fingerprint, fingerprintOfCall } from "@draftmill/shared/contract/draft-request.ts";
import { idFromDedupeKey, idOfIdempotencyKey } from "@draftmill/shared/contract/request-id.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Accepted } from "@draftmill/shared/ledger/ledger-answers.ts";
import { IDEMPOTENCY_KEYS, requestIdOfKey } from "./idempotency-key.ts";
import type { Submission, SubmitDeps } from "./submit-draft.ts";

export interface AcceptedRecord {
  readonly candidate: DraftRecord;
  readonly result: Accepted;
}

/**
 * Puts a request on record, or finds the record that its key stands for. A new one counts towards its caller's drafts of the day, a
 * repetition does not, and is answered after the last of them too. Throws DRAFTS_PER_DAY_EXCEEDED before anything is written.
 */
export async function acceptRecord(
  deps: SubmitDeps,
  submission: Submission,
  request: DraftRequest,
): Promise<AcceptedRecord> {
  const { caller, draftsPerDay: limit } = submission.access;
  if (caller === null || limit === null) return writeRecord(deps, submission, request);
  const { draftsPerDay } = deps;
  if (!(await draftsPerDay.take(caller, limit))) {
    if (await isKnown(deps, submission, request)) return writeRecord(deps, submission, request);
    throw new DraftError("DRAFTS_PER_DAY_EXCEEDED", { retryAfterMs: draftsPerDay.msToMidnight() });
  }
  try {
    const accepted = await writeRecord(deps, submission, request);
    if (!accepted.result.accepted) draftsPerDay.giveBack(caller);
    return accepted;
  } catch (error) {
    // A ledger that failed may have accepted it all the same.
    if (error instanceof DraftError) draftsPerDay.giveBack(caller);
    throw error;
  }
}

async function writeRecord(deps: SubmitDeps, submission: Submission, request: DraftRequest): Promise<AcceptedRecord> {
  const bodyHash = fingerprint(request);
  const candidate = newDraftRecord(
    {
      id: await requestIdOf(deps, submission, request),
      mailbox: request.mailbox,
      to: request.to.map(({ address }) => address),
      subject: request.subject,
      bodyHash,
      caller: submission.access.caller,
      dedupeKey: request.dedupeKey,
      notBeforeMs: request.notBeforeMs,
      metadata: request.metadata,
    },
    deps.clock.nowMs(),
  );
  return { candidate, result: await deps.ledger.accept(candidate) };
}

async function requestIdOf(
  { ledger, newId, clock }: SubmitDeps,
  { access: { caller }, route, idempotencyKey }: Submission,
  request: DraftRequest,
): Promise<string> {
  const { mailbox, dedupeKey } = request;
  const requestId = dedupeKey === null ? newId() : idFromDedupeKey(mailbox, dedupeKey);
  if (idempotencyKey === null) return requestId;
  const use = { caller, route, key: idempotencyKey, bodyHash: fingerprintOfCall(request), requestId };
  return requestIdOfKey(ledger.documents(IDEMPOTENCY_KEYS), use, clock.nowMs());
}

/** Whether a key of the request stands for one that is on record. Writes nothing. */
async function isKnown(
  { ledger }: SubmitDeps,
  { access: { caller }, route, idempotencyKey }: Submission,
  { mailbox, dedupeKey }: DraftRequest,
): Promise<boolean> {
  const use =
    idempotencyKey === null
      ? null
      : await ledger.documents(IDEMPOTENCY_KEYS).get(idOfIdempotencyKey(caller ?? "", route, idempotencyKey));
  const id = use?.requestId ?? (dedupeKey === null ? null : idFromDedupeKey(mailbox, dedupeKey));
  return id !== null && (await ledger.get(id)) !== null;
}
