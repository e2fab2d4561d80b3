import type { DocumentKind } from "../ledger/documents.ts";

/**
 * What an operator wants of a batch that takes longer than a request:
 * - `resume`: what was set aside while it was paused is taken up again
 * - `cancel`: what is set aside ends; what is still in the queue ends when it is delivered
 * - `undo`: the drafts that nobody has worked on are deleted
 */
export const BATCH_ORDER_KINDS = ["resume", "cancel", "undo"] as const;
export type BatchOrderKind = (typeof BATCH_ORDER_KINDS)[number];

/** One order, carried out by the sweep until it is over. Given again it begins again. */
export interface BatchOrder {
  readonly batch: string;
  readonly kind: BatchOrderKind;
  readonly askedAtMs: number;
  /** Until when a process that carries it out has it to itself. */
  readonly leaseUntilMs: number;
  /** Of an undo: the requests whose drafts it was about to delete. What of them is gone afterwards it has deleted. */
  readonly takingBack: readonly string[];
  /** From here on there is nothing left to do, and the order counts as absent. */
  readonly expireAtMs: number;
}

/** As long as a batch is kept. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;

export function newBatchOrder(batch: string, kind: BatchOrderKind, nowMs: number): BatchOrder {
  return { batch, kind, askedAtMs: nowMs, leaseUntilMs: 0, takingBack: [], expireAtMs: nowMs + KEPT_MS };
}

export function idOfBatchOrder({ batch, kind }: Pick<BatchOrder, "batch" | "kind">): string {
  return `${batch}.${kind}`;
}

const ADDED_LATER = { takingBack: [] } as const;

export const BATCH_ORDERS: DocumentKind<BatchOrder> = {
  name: "batch-order",
  // The store is ours alone: what parses as JSON there is what was written, by an older version without what it was about to delete.
  parse: (value) => ({ ...ADDED_LATER, ...(value as BatchOrder) }),
  idOf: idOfBatchOrder,
  expireAtMsOf: ({ expireAtMs }) => expireAtMs,
};
