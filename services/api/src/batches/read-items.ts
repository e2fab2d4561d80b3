import { idInBatch } from "@draftmill/shared/batch/batch.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import { fingerprint, type ParsedDraftRequest, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { type MailboxPolicy, mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { tooFarAhead } from "@draftmill/shared/contract/not-before.ts";
import { idFromDedupeKey } from "@draftmill/shared/contract/request-id.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import { type Access, mailboxRefused } from "../callers/access.ts";

/**
 * An item that can be queued: its message's text, and no more of it than has to be asked for. What it was read from and checked as would live
 * until Pub/Sub has it, and be moved about by the collector, which costs as much as to read it.
 */
export interface ReadItem {
  readonly index: number;
  /** The request with its mailbox, which goes along even where it was the default: the draft belongs there, whatever the worker's is. */
  readonly json: string;
  readonly mailbox: string;
  readonly dedupeKey: string | null;
  readonly notBeforeMs: number | null;
  /** Its `fingerprint`, where one may be asked for: of an item or a batch with a key. */
  readonly content: string | null;
}

/** An item, or what is wrong with it. Pointers lead into the batch. */
export type ItemReading =
  | { readonly kind: "fits"; readonly item: ReadItem }
  | { readonly kind: "fault"; readonly index: number; readonly errors: readonly FieldProblem[] };

export interface ItemRules {
  readonly mailboxes: MailboxPolicy;
  readonly defaultMailbox: string | null;
  readonly access: Access;
  readonly clock: Clock;
}

export interface BatchRules extends ItemRules {
  /** The batch has an Idempotency-Key. */
  readonly isKeyed: boolean;
}

/** Reads each item by the rules of a single request; every fault of every item is told. */
export function readItems(items: readonly object[], rules: BatchRules): readonly ItemReading[] {
  return items.map((body, index) => readItem(body, index, rules));
}

/** Reads one of many requests by the rules of a single one; its problems tell which. */
export function readRequest(body: object, { mailboxes, defaultMailbox, access, clock }: ItemRules): ParsedDraftRequest {
  const parsed = parseDraftRequest(body, defaultMailbox);
  if (!parsed.ok) return parsed;
  const { mailbox } = parsed.request;
  if (!access.mayDraftIn(mailbox) || !mayImpersonate(mailboxes, mailbox))
    return { ok: false, problems: mailboxRefused(access, mailbox, "/mailbox").fields };
  const tooFar = tooFarAhead(parsed.request, clock.nowMs());
  return tooFar === null ? parsed : { ok: false, problems: [tooFar] };
}

function readItem(body: object, index: number, rules: BatchRules): ItemReading {
  const parsed = readRequest(body, rules);
  if (!parsed.ok) {
    const errors = parsed.problems.map((problem) => ({
      ...problem,
      pointer: `/items/${index}${problem.pointer}`,
      index,
    }));
    return { kind: "fault", index, errors };
  }
  const { request } = parsed;
  const { mailbox, dedupeKey, notBeforeMs } = request;
  const json = JSON.stringify({ ...body, mailbox });
  const content = rules.isKeyed || dedupeKey !== null ? fingerprint(request) : null;
  return { kind: "fits", item: { index, json, mailbox, dedupeKey, notBeforeMs, content } };
}

/** The id under which an item is known: by its own key, or by its place in the batch. */
export function idOfItem(batch: string, { index, mailbox, dedupeKey }: ReadItem): string {
  return dedupeKey === null ? idInBatch(batch, index) : idFromDedupeKey(mailbox, dedupeKey);
}
