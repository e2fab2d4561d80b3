import { DraftError } from "../errors.ts";
import type { DraftLedger } from "../ledger/draft-ledger.ts";
import { BATCHES, type Batch } from "./batch.ts";
import { BATCH_ORDERS, type BatchOrderKind, idOfBatchOrder, newBatchOrder } from "./batch-order.ts";

/** What can be done with a batch as a whole. */
export const BATCH_ACTIONS = ["pause", "resume", "cancel", "undo"] as const;
export type BatchAction = (typeof BATCH_ACTIONS)[number];

/**
 * Carries an action as far as a request can: what the batch's requests are to obey is on record when it resolves, and the workers
 * know it within seconds; what takes longer is ordered. Repeating an action does no harm. Throws BATCH_NOT_FOUND, and
 * BATCH_CANCELED for one that a canceled batch does not allow.
 */
export async function controlBatch(ledger: DraftLedger, id: string, action: BatchAction): Promise<Batch> {
  const batch = await ledger.documents(BATCHES).update(id, (now, nowMs) => controlled(now, action, nowMs));
  if (batch === null) throw new DraftError("BATCH_NOT_FOUND");
  if (batch.control === "canceled" && (action === "pause" || action === "resume")) {
    throw new DraftError("BATCH_CANCELED");
  }
  // After the batch, which the order is about: should this process end in between, the action is to be repeated.
  if (action !== "pause") await order(ledger, id, action, batch.updatedAtMs);
  return batch;
}

function controlled(batch: Batch, action: BatchAction, nowMs: number): Batch | null {
  const changed = { ...batch, updatedAtMs: nowMs };
  switch (action) {
    case "pause":
      return batch.control === "open" ? { ...changed, control: "paused", pausedAtMs: nowMs } : null;
    case "resume":
      return batch.control === "paused" ? { ...changed, ...resumed(batch, nowMs) } : null;
    case "cancel":
      return batch.control === "canceled" ? null : { ...changed, control: "canceled" };
    case "undo": {
      const undo = batch.undo ?? { askedAtMs: nowMs, deleted: 0, keptEdited: 0, gone: 0, finishedAtMs: null };
      // Once more: what was kept because it was edited is counted anew.
      return { ...changed, control: "canceled", undo: { ...undo, keptEdited: 0, finishedAtMs: null } };
    }
    default:
      return action satisfies never;
  }
}

function resumed({ pausedAtMs, pausedMs }: Batch, nowMs: number): Partial<Batch> {
  const lastedMs = Math.max(0, nowMs - (pausedAtMs ?? nowMs));
  return { control: "open", pausedAtMs: null, pausedMs: pausedMs + lastedMs };
}

async function order(ledger: DraftLedger, batch: string, kind: BatchOrderKind, nowMs: number): Promise<void> {
  const orders = ledger.documents(BATCH_ORDERS);
  const fresh = newBatchOrder(batch, kind, nowMs);
  const there = await orders.create(fresh);
  if (there !== null)
    await orders.update(idOfBatchOrder(fresh), ({ leaseUntilMs, takingBack }) => ({
      ...fresh,
      leaseUntilMs,
      takingBack,
    }));
}
