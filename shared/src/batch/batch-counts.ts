import type { StateCounts } from "../ledger/ledger.ts";
import type { Batch } from "./batch.ts";

/** The states of `total` requests, of which the ledger knows `counts`: one that has no record yet waits in the queue. */
export function withWaiting(total: number, counts: StateCounts): StateCounts {
  const known = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { ...counts, queued: counts.queued + Math.max(0, total - known) };
}

/** Requests that are still to become something. */
export function openIn({ queued, processing }: StateCounts): number {
  return queued + processing;
}

/** Whether all of a batch is in, and each of its requests has ended. */
export function isFinished({ sealedAtMs }: Pick<Batch, "sealedAtMs">, counts: StateCounts): boolean {
  return sealedAtMs !== null && openIn(counts) + counts.parked === 0;
}
