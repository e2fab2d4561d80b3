import { idInBatch } from "@draftmill/shared/batch/batch.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import { type DraftRequest, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { type MailboxPolicy, mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { tooFarAhead } from "@draftmill/shared/contract/not-before.ts";
import { idFromDedupeKey } from "@draftmill/shared/contract/request-id.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import { type Access, mailboxRefused } from "../callers/access.ts";

/** An item that can be queued. */
export interface ReadItem {
  readonly index: number;
  readonly body: object;
  readonly request: DraftRequest;
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

/** Reads each item by the rules of a single request; every fault of every item is told. */
export function readItems(items: readonly object[], rules: ItemRules): readonly ItemReading[] {
  return items.map((body, index) => readItem(body, index, rules));
}

function readItem(body: object, index: number, { mailboxes, defaultMailbox, access, clock }: ItemRules): ItemReading {
  const fault = (problems: readonly FieldProblem[]): ItemReading => ({
    kind: "fault",
    index,
    errors: problems.map((problem) => ({ ...problem, pointer: `/items/${index}${problem.pointer}`, index })),
  });
  const parsed = parseDraftRequest(body, defaultMailbox);
  if (!parsed.ok) return fault(parsed.problems);
  const { request } = parsed;
  if (!access.mayDraftIn(request.mailbox) || !mayImpersonate(mailboxes, request.mailbox)) {
    return fault(mailboxRefused(access, request.mailbox, "/mailbox").fields);
  }
  const tooFar = tooFarAhead(request, clock.nowMs());
  if (tooFar !== null) return fault([tooFar]);
  return { kind: "fits", item: { index, body, request } };
}

/** The id under which an item is known: by its own key, or by its place in the batch. */
export function idOfItem(batch: string, { index, request: { mailbox, dedupeKey } }: ReadItem): string {
  return dedupeKey === null ? idInBatch(batch, index) : idFromDedupeKey(mailbox, dedupeKey);
}
