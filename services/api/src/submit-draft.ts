import type { Clock } from "@draftmill/shared/clock.ts";
import {
  type EncodedMessage,
  encodeAccepted,
  encodeDraftMessage,
  invalidRequest,
} from "@draftmill/shared/contract/draft-message.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type DraftRequest, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { type MailboxPolicy, mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { tooFarAhead } from "@draftmill/shared/contract/not-before.ts";
import { orderingKeyOf } from "@draftmill/shared/contract/ordering-key.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { acceptRecord } from "./accept-record.ts";
import { type Access, mailboxRefused } from "./callers/access.ts";
import type { DraftsPerDay } from "./callers/drafts-per-day.ts";

/** The queue, as far as accepting a request goes. */
export interface Publisher {
  /** Resolves once Pub/Sub has stored the message. Rejects within seconds otherwise, which leaves open whether it has. */
  publish(message: EncodedMessage): Promise<unknown>;
  /** The same for all of them; which of them it has stored is open when it rejects, and none is under way any more. */
  publishAll(messages: readonly EncodedMessage[]): Promise<void>;
}

export interface SubmitDeps {
  readonly ledger: DraftLedger;
  readonly publisher: Publisher;
  readonly mailboxes: MailboxPolicy;
  readonly defaultMailbox: string | null;
  readonly orderingShards: number;
  readonly clock: Clock;
  readonly draftsPerDay: DraftsPerDay;
  readonly newId: () => string;
  readonly log: Logger;
}

/** A draft request as it came in over HTTP. */
export interface Submission {
  readonly body: unknown;
  readonly access: Access;
  /** The route's pattern: an Idempotency-Key means something on its route only. */
  readonly route: string;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | undefined;
}

export interface Submitted {
  readonly record: DraftRecord;
  /** The key was known already: this is the earlier request's record, as it is now. */
  readonly replayed: boolean;
}

/**
 * Accepts a draft request: when this resolves, the ledger knows it and Pub/Sub holds its message, or it has ended
 * already. Throws a DraftError; PUBLISH_UNCONFIRMED alone leaves open whether the draft will be made, and a second call
 * with the same key is safe in every case.
 */
export async function submitDraft(deps: SubmitDeps, submission: Submission): Promise<Submitted> {
  const { body, request } = readSubmission(deps, submission);
  const { candidate, result } = await acceptRecord(deps, submission, request);
  const record = result.accepted ? candidate : result.existing;
  if (record.bodyHash !== candidate.bodyHash) throw new DraftError("KEY_REUSED");
  switch (record.state) {
    case "queued":
    case "processing":
      // Also for a known record: the earlier publish may have been lost, and a second message does no harm.
      await publish(deps, submission, record, body, result.accepted ? result.revision : null);
      return { record, replayed: !result.accepted };
    case "created":
    case "failed":
    case "parked":
    case "dead":
    case "canceled":
      return { record, replayed: true };
    default:
      return record.state satisfies never;
  }
}

function readSubmission(deps: SubmitDeps, { body, access }: Submission): { body: object; request: DraftRequest } {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new DraftError("BODY_MALFORMED", { reason: "the body is not a JSON object" });
  }
  const parsed = parseDraftRequest(body, deps.defaultMailbox);
  if (!parsed.ok) throw invalidRequest(parsed.problems);
  const { mailbox } = parsed.request;
  if (!access.mayDraftIn(mailbox) || !mayImpersonate(deps.mailboxes, mailbox)) {
    throw mailboxRefused(access, mailbox, "/mailbox");
  }
  const tooFar = tooFarAhead(parsed.request, deps.clock.nowMs());
  if (tooFar !== null) throw invalidRequest([tooFar]);
  return { body, request: parsed.request };
}

async function publish(
  deps: SubmitDeps,
  { access: { caller }, traceparent }: Submission,
  { id, mailbox, createdAtMs, generation }: DraftRecord,
  body: object,
  revision: string | null,
): Promise<void> {
  // The mailbox goes along even where it was the default: the draft belongs there, whatever the worker's GMAIL_USER is.
  const json = JSON.stringify({ ...body, mailbox });
  const attributes = {
    id,
    ...(caller === null ? {} : { caller }),
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(generation === 0 ? {} : { generation: String(generation) }),
    ...(revision === null ? {} : { accepted: encodeAccepted({ createdAtMs, revision }) }),
  };
  const message = encodeDraftMessage(json, attributes, orderingKeyOf(mailbox, id, deps.orderingShards));
  try {
    await deps.publisher.publish(message);
  } catch (error) {
    await noteDoubt(deps, id);
    throw new DraftError("PUBLISH_UNCONFIRMED", { cause: error, applied: "unknown", facts: { id } });
  }
}

/** For whoever looks the request up. The caller's answer does not depend on it. */
async function noteDoubt(deps: SubmitDeps, id: string): Promise<void> {
  try {
    await deps.ledger.doubt(id);
  } catch (error) {
    deps.log.warn({ id, err: error }, "publish.doubt-unrecorded");
  }
}
