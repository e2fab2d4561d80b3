import type { DocumentKind } from "../ledger/documents.ts";

/**
 * That somebody waits for the end of a batch: written with the batch, looked at by the sweep until each of its requests has ended. Apart
 * from the orders of operators, which must not wait behind batches that stand still.
 */
export interface BatchWatch {
  readonly batch: string;
  readonly createdAtMs: number;
  /** Until then the sweep leaves it alone. */
  readonly lookAtMs: number;
  /** From here on there is nothing left to wait for, and the watch counts as absent. */
  readonly expireAtMs: number;
}

/** Batch and watch are written at the same time: one whose batch is still not there after so long has none. */
export const BATCH_WRITTEN_WITHIN_MS = 60_000;
/** As long as a batch is kept that nobody touches. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1000;
/** From look to look a batch is left alone for this part of the time that it has taken so far, at most `LONGEST_MS`. */
const WAITED_PART = 1 / 8;
const LONGEST_MS = 15 * 60 * 1000;

export function newBatchWatch(batch: string, nowMs: number): BatchWatch {
  return { batch, createdAtMs: nowMs, lookAtMs: nowMs, expireAtMs: nowMs + KEPT_MS };
}

/** The watch of a batch that has not come to its end: one of a minute is looked at again in 8 s, one of an hour in 8 minutes. */
export function lookLater(watch: BatchWatch, nowMs: number): BatchWatch {
  const waitMs = Math.min(Math.max(0, nowMs - watch.createdAtMs) * WAITED_PART, LONGEST_MS);
  return { ...watch, lookAtMs: nowMs + Math.ceil(waitMs), expireAtMs: nowMs + KEPT_MS };
}

export const BATCH_WATCHES: DocumentKind<BatchWatch> = {
  name: "batch-watch",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as BatchWatch,
  idOf: ({ batch }) => batch,
  expireAtMsOf: ({ expireAtMs }) => expireAtMs,
};
