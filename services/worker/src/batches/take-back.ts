import { BATCH_MAILBOXES_MAX, BATCHES, type Batch, type BatchUndo } from "@draftmill/shared/batch/batch.ts";
import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import { type CancelDeps, cancelSetAside } from "./cancel-set-aside.ts";
import { DraftsInHand } from "./drafts-in-hand.ts";
import { isNoneUnderWay } from "./late-deliveries.ts";
import {
  currentDrafts,
  type Looked,
  lookAtDraft,
  type Pass,
  type TakeBackDraftDeps,
  type TakenDraft,
  takeBackDraft,
} from "./take-back-draft.ts";
import { countTakenBack } from "./taken-back.ts";

export interface TakeBackDeps extends CancelDeps, TakeBackDraftDeps {
  readonly orders: Documents<BatchOrder>;
}

/** So many are noted together before they are deleted. */
const PAGE = 200;
/** Gmail refuses a user's calls when too many run at once, from about 60 on; the rest is for people. */
const AT_ONCE_IN_MAILBOX = 4;

/**
 * Deletes the batch's drafts that are as they were made, and lets go of their records, so that their keys may stand for drafts
 * again. A draft that somebody has worked on has another message id: it stays. Gmail knows no condition on a delete, so an edit
 * between the look and the delete is lost with its draft. True when all have been looked at and no other can come. What is counted is
 * what is on record of each draft, so that a process that dies loses nothing of it.
 */
export async function takeBack(deps: TakeBackDeps, order: BatchOrder, signal: AbortSignal): Promise<boolean> {
  const { ledger } = deps;
  const batch = await ledger.documents(BATCHES).get(order.batch);
  if (batch === null) return true;
  const isNothingLeft = await cancelSetAside(deps, order, signal);
  const inHand = new DraftsInHand(deps.orders, order);
  const pass: Pass = { order, current: currentDrafts(deps, order, signal), inHand, leftAlone: new Set() };
  const taken = { ...(await countTakenBack(ledger, order.batch)) };
  const left = { keptEdited: 0, notOurs: 0, unknown: 0 };
  let cursor: string | undefined;
  do {
    const at = cursor === undefined ? {} : { cursor };
    const { items, nextCursor } = await ledger.list({ batch: order.batch, state: "created", limit: PAGE, ...at });
    const own = items.filter(({ mailbox }) => isOf(batch, mailbox));
    left.notOurs += items.length - own.length;
    const looked = await Promise.all(own.map((record) => lookAtDraft(deps, pass, record)));
    const isOurs = await inHand.take(looked.flatMap(({ record, to }) => (to === "delete" ? [record.id] : [])));
    if (!isOurs) return false;
    for (const { id, fate, isNew } of await takeBackAll(deps, pass, looked, signal)) {
      switch (fate) {
        case "unsure":
          inHand.doubt(id);
          left.unknown += 1;
          break;
        case "unasked":
          inHand.leave(id);
          left.unknown += 1;
          break;
        case "keptEdited":
          inHand.settle(id);
          left.keptEdited += 1;
          break;
        case "deleted":
        case "gone":
          inHand.settle(id);
          if (isNew) taken[fate] += 1;
          break;
        default:
          fate satisfies never;
      }
    }
    await noteUndo(deps, order, () => taken);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined && !signal.aborted && !inHand.areTooMany);
  const isWhole = cursor === undefined && !signal.aborted;
  await inHand.end(isWhole);
  if (!isWhole || left.unknown > 0) return false;
  if (!isNothingLeft && !(await isNoneUnderWay(deps, order, left.keptEdited + left.notOurs))) return false;
  // Once more: another process may have been at it, one that was stopped for longer than its lease.
  const inAll = await countTakenBack(ledger, order.batch);
  // Of this pass alone: those that an earlier one kept have been met again.
  await noteUndo(deps, order, (nowMs) => ({ ...inAll, keptEdited: left.keptEdited, finishedAtMs: nowMs }));
  return true;
}

/** What a message says of its batch is its producer's word: it must not have drafts deleted in mailboxes that the batch never had. */
function isOf({ mailboxes }: Batch, mailbox: string): boolean {
  return Object.hasOwn(mailboxes, mailbox) || Object.keys(mailboxes).length >= BATCH_MAILBOXES_MAX;
}

/** A few of each mailbox at a time, all mailboxes beside each other. */
async function takeBackAll(
  deps: TakeBackDeps,
  pass: Pass,
  looked: readonly Looked[],
  signal: AbortSignal,
): Promise<readonly TakenDraft[]> {
  const done: TakenDraft[] = [];
  const mailboxes = Map.groupBy(looked, ({ record }) => record.mailbox);
  const workers = [...mailboxes.values()].flatMap((some) => {
    const queue = some.values();
    const worker = async (): Promise<void> => {
      for (const one of queue) done.push(await takeBackDraft(deps, pass, one, signal));
    };
    return Array.from({ length: Math.min(AT_ONCE_IN_MAILBOX, some.length) }, worker);
  });
  await Promise.all(workers);
  return done;
}

async function noteUndo(
  { ledger }: TakeBackDeps,
  { batch }: BatchOrder,
  change: (nowMs: number) => Partial<BatchUndo>,
): Promise<void> {
  await ledger.documents(BATCHES).update(batch, (now, nowMs) => {
    if (now.undo === null) return null;
    const undo = { ...now.undo, ...change(nowMs) };
    return { ...now, undo, ...(undo.finishedAtMs === null ? {} : { updatedAtMs: nowMs }) };
  });
}
