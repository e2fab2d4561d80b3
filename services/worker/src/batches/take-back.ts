import { BATCH_MAILBOXES_MAX, BATCHES, type Batch, idOfRepetition } from "@draftmill/shared/batch/batch.ts";
import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { problemOf } from "../failure-record.ts";
import type { Gmail } from "../gmail/gmail-port.ts";
import type { Pacer } from "../pacer.ts";
import { type CancelDeps, cancelSetAside } from "./cancel-set-aside.ts";

export interface TakeBackDeps extends CancelDeps {
  readonly gmail: Gmail;
  readonly pacer: Pacer;
  readonly log: Logger;
}

/** What a process that dies loses of the counts, at most; the drafts and records are right in any case. */
const PAGE = 50;

/** What became of each draft. `unasked`: Google did not say, and the next sweep asks again. */
type Fate = "deleted" | "keptEdited" | "gone" | "unasked";
type Fates = Readonly<Record<Fate, number>>;

const NONE: Fates = { deleted: 0, keptEdited: 0, gone: 0, unasked: 0 };

/**
 * Deletes the batch's drafts that are as they were made, and lets go of their records, so that their keys may stand for drafts
 * again. A draft that somebody has worked on has another message id: it stays. Gmail knows no condition on a delete, so an edit
 * between the look and the delete is lost with its draft. True when all have been looked at.
 */
export async function takeBack(deps: TakeBackDeps, order: BatchOrder, signal: AbortSignal): Promise<boolean> {
  const batch = await deps.ledger.documents(BATCHES).get(order.batch);
  if (batch === null) return true;
  const isNothingLeft = await cancelSetAside(deps, order, signal);
  const current = currentDrafts(deps, signal);
  let sum = NONE;
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? {} : { cursor };
    const { items, nextCursor } = await deps.ledger.list({ batch: order.batch, state: "created", limit: PAGE, ...at });
    const own = items.filter(({ mailbox }) => isOf(batch, mailbox));
    const mailboxes = [...Map.groupBy(own, ({ mailbox }) => mailbox).values()];
    const page = (
      await Promise.all(mailboxes.map((records) => takeBackAll(deps, order, records, current, signal)))
    ).reduce(add, NONE);
    sum = add(sum, page);
    await deps.ledger.documents(BATCHES).update(order.batch, (batch) => {
      if (batch.undo === null) return null;
      const { deleted, gone } = batch.undo;
      return { ...batch, undo: { ...batch.undo, deleted: deleted + page.deleted, gone: gone + page.gone } };
    });
    if (signal.aborted) return false;
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
  if (!isNothingLeft || sum.unasked > 0) return false;
  await deps.ledger.documents(BATCHES).update(order.batch, (batch, nowMs) => {
    if (batch.undo === null) return null;
    // Of this pass alone: those that an earlier one kept have been met again.
    return { ...batch, updatedAtMs: nowMs, undo: { ...batch.undo, keptEdited: sum.keptEdited, finishedAtMs: nowMs } };
  });
  return true;
}

/** What a message says of its batch is its producer's word: it must not have drafts deleted in mailboxes that the batch never had. */
function isOf({ mailboxes }: Batch, mailbox: string): boolean {
  return Object.hasOwn(mailboxes, mailbox) || Object.keys(mailboxes).length >= BATCH_MAILBOXES_MAX;
}

type CurrentDrafts = (mailbox: string) => Promise<ReadonlyMap<string, string>>;

/** The message id of each draft of a mailbox, listed once in a pass: 500 drafts for what a look at one would cost. */
function currentDrafts({ gmail, pacer }: TakeBackDeps, signal: AbortSignal): CurrentDrafts {
  const listed = new Map<string, Promise<ReadonlyMap<string, string>>>();
  return (mailbox) => {
    const known = listed.get(mailbox);
    if (known !== undefined) return known;
    const listing = pacer.admit(mailbox, signal).then(() => gmail.listDrafts(mailbox, signal));
    listed.set(mailbox, listing);
    return listing;
  };
}

/** One after the other, as they are of one mailbox. */
async function takeBackAll(
  deps: TakeBackDeps,
  order: BatchOrder,
  records: readonly DraftRecord[],
  current: CurrentDrafts,
  signal: AbortSignal,
): Promise<Fates> {
  let fates = NONE;
  for (const record of records) {
    if (signal.aborted) break;
    const fate = await takeBackOne(deps, order, record, current, signal);
    fates = add(fates, { ...NONE, [fate]: 1 });
  }
  return fates;
}

async function takeBackOne(
  { gmail, pacer, ledger, log }: TakeBackDeps,
  { batch }: BatchOrder,
  record: DraftRecord,
  current: CurrentDrafts,
  signal: AbortSignal,
): Promise<Fate> {
  const { id, mailbox, draftId } = record;
  if (draftId === null) return "gone";
  let fate: Fate;
  try {
    const messageId = (await current(mailbox)).get(draftId);
    if (messageId !== undefined && messageId !== record.messageId) return "keptEdited";
    fate = messageId === undefined ? "gone" : "deleted";
    if (fate === "deleted") {
      await pacer.admit(mailbox, signal);
      // Under its own deadline alone: the sweep's end would break it off with the draft deleted, and the next one take it for gone before.
      await gmail.deleteDraft(mailbox, draftId, new AbortController().signal);
      pacer.succeeded(mailbox);
    }
  } catch (error) {
    const { code, reason, class: failureClass, retryAfterMs } = toDraftError(error);
    if (failureClass === "throttled") pacer.refused(mailbox, retryAfterMs);
    log.warn({ requestId: id, batch, code, reason }, "draft.not-taken-back");
    return "unasked";
  }
  await noteTakenBack(ledger, batch, record, fate === "gone" ? "DRAFT_GONE" : "DRAFT_TAKEN_BACK");
  const forgotten = await ledger.forget(id, draftId);
  // Somebody else was faster, and has counted it.
  if (forgotten.kind !== "moved") return "unasked";
  log.info({ requestId: id, batch, draftId, fate }, "draft.taken-back");
  return fate;
}

/** So that the batch still counts and lists the request whose own record is let go. */
async function noteTakenBack(
  ledger: DraftLedger,
  batch: string,
  record: DraftRecord,
  code: "DRAFT_TAKEN_BACK" | "DRAFT_GONE",
): Promise<void> {
  const { id, draftId, messageId, threadId, claims, createdAtMs } = record;
  const note = newDraftRecord({ ...record, id: idOfRepetition(batch, id) }, createdAtMs);
  const problem = problemOf(new DraftError(code));
  const ids = { draftId, messageId, threadId };
  await ledger.accept({ ...note, ...ids, claims, state: "canceled", problem, dueAtMs: null });
}

function add(a: Fates, b: Fates): Fates {
  return {
    deleted: a.deleted + b.deleted,
    keptEdited: a.keptEdited + b.keptEdited,
    gone: a.gone + b.gone,
    unasked: a.unasked + b.unasked,
  };
}
