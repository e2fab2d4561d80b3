import { BATCH_MAILBOXES_MAX, BATCHES, type Batch, idOfRepetition } from "@draftmill/shared/batch/batch.ts";
import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { problemOf } from "../failure-record.ts";
import type { Gmail } from "../gmail/gmail-port.ts";
import type { Admit, Pacer } from "../pacing/pacer.ts";
import { held } from "../until-moved.ts";
import { type CancelDeps, cancelSetAside } from "./cancel-set-aside.ts";

export interface TakeBackDeps extends CancelDeps {
  readonly gmail: Gmail;
  readonly pacer: Pacer;
  readonly log: Logger;
}

/** What a process that dies loses of the counts, at most; the drafts and records are right in any case. */
const PAGE = 50;

/** A mailbox that has no turn within this is left to the next sweep. */
const ADMIT_WITHIN_MS = 5_000;

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
  const pass: Pass = { order, current: currentDrafts(deps, order, signal), leftAlone: new Set() };
  let sum = NONE;
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? {} : { cursor };
    const { items, nextCursor } = await deps.ledger.list({ batch: order.batch, state: "created", limit: PAGE, ...at });
    const own = items.filter(({ mailbox }) => isOf(batch, mailbox));
    const mailboxes = [...Map.groupBy(own, ({ mailbox }) => mailbox)];
    const page = (
      await Promise.all(mailboxes.map(([mailbox, records]) => takeBackAll(deps, pass, mailbox, records, signal)))
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

interface Pass {
  readonly order: BatchOrder;
  readonly current: CurrentDrafts;
  /** Mailboxes that Gmail wants left alone, until the next sweep. */
  readonly leftAlone: Set<string>;
}

type CurrentDrafts = (mailbox: string) => Promise<ReadonlyMap<string, string>>;

/** The message id of each draft of a mailbox, listed once in a pass: 500 drafts for what a look at one would cost. */
function currentDrafts(deps: TakeBackDeps, order: BatchOrder, signal: AbortSignal): CurrentDrafts {
  const listed = new Map<string, Promise<ReadonlyMap<string, string>>>();
  return (mailbox) => {
    const known = listed.get(mailbox);
    if (known !== undefined) return known;
    const listing = deps.gmail.listDrafts(mailbox, admitted(deps, order, mailbox, signal), signal);
    listed.set(mailbox, listing);
    return listing;
  };
}

/** In the batch's own turn in the mailbox. */
function admitted({ pacer }: TakeBackDeps, { batch }: BatchOrder, mailbox: string, signal: AbortSignal): Admit {
  const line = `batch ${batch}`;
  return (units) => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(ADMIT_WITHIN_MS)]);
    return held(pacer.admit({ mailbox, line, units }, patience), patience, "GMAIL_THROTTLED");
  };
}

/** One after the other, as they are of one mailbox. */
async function takeBackAll(
  deps: TakeBackDeps,
  pass: Pass,
  mailbox: string,
  records: readonly DraftRecord[],
  signal: AbortSignal,
): Promise<Fates> {
  let fates = NONE;
  for (const record of records) {
    if (signal.aborted) break;
    const isLeftAlone = pass.leftAlone.has(mailbox);
    const fate = isLeftAlone ? "unasked" : await takeBackOne(deps, pass, record, signal);
    fates = add(fates, { ...NONE, [fate]: 1 });
  }
  return fates;
}

async function takeBackOne(
  deps: TakeBackDeps,
  { order, current, leftAlone }: Pass,
  record: DraftRecord,
  signal: AbortSignal,
): Promise<Fate> {
  const { gmail, ledger, log } = deps;
  const { batch } = order;
  const { id, mailbox, draftId } = record;
  if (draftId === null) return "gone";
  let fate: Fate;
  try {
    const messageId = (await current(mailbox)).get(draftId);
    if (messageId !== undefined && messageId !== record.messageId) return "keptEdited";
    fate = messageId === undefined ? "gone" : "deleted";
    // Under its own deadline alone: the sweep's end would break it off with the draft deleted, and the next one take it for gone before.
    const unbroken = new AbortController().signal;
    if (fate === "deleted") await gmail.deleteDraft(mailbox, draftId, admitted(deps, order, mailbox, signal), unbroken);
  } catch (error) {
    const { code, reason, class: failureClass } = toDraftError(error);
    if (failureClass === "throttled") leftAlone.add(mailbox);
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
