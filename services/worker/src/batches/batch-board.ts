import type { Batch, BatchControl } from "@draftmill/shared/batch/batch.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";

/** What this instance knows of batches: it is asked for each delivery, and the ledger is not. */
export interface BatchBoard {
  /** Whether requests of the batch are to be made now. A batch that nobody has put on record is open. */
  controlOf(id: string): Promise<BatchControl>;
}

/** So much later at most a pause or a cancellation is known here, and requests are made until then. */
export const BATCH_REFRESH_MS = 5_000;
/** Batches beyond that are asked for again: a producer may give each request one of its own. */
const KNOWN_MAX = 1_000;

interface Known {
  readonly asked: Promise<BatchControl>;
  readonly askedMs: number;
}

export function createBatchBoard(batches: Pick<Documents<Batch>, "get">, clock: Clock): BatchBoard {
  const known = new Map<string, Known>();
  return {
    controlOf(id) {
      const nowMs = clock.monotonicMs();
      const before = known.get(id);
      if (before !== undefined && nowMs - before.askedMs < BATCH_REFRESH_MS) return before.asked;
      const asked = batches.get(id).then((batch) => batch?.control ?? "open");
      known.delete(id);
      known.set(id, { asked, askedMs: nowMs });
      for (const oldest of known.keys()) {
        if (known.size <= KNOWN_MAX) break;
        known.delete(oldest);
      }
      // A ledger that does not answer is asked again by the next delivery.
      asked.catch(() => known.delete(id));
      return asked;
    },
  };
}
