import { BATCHES, type Batch } from "@draftmill/shared/batch/batch.ts";
import { isFinished, withWaiting } from "@draftmill/shared/batch/batch-counts.ts";
import {
  BATCH_WATCHES,
  BATCH_WRITTEN_WITHIN_MS,
  type BatchWatch,
  lookLater,
} from "@draftmill/shared/batch/batch-watch.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import { toDraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import type { ResultEvents } from "../events/result-events.ts";
import type { SweepCounts } from "../sweep/sweep-report.ts";

export interface CompleteDeps {
  readonly ledger: DraftLedger;
  readonly events: ResultEvents | null;
  readonly clock: Clock;
  readonly log: Logger;
}

const PAGE = 200;

/** Looks at each batch that is watched and due for a look, and notes and tells those whose requests have all ended. */
export async function completeBatches(deps: CompleteDeps, signal: AbortSignal): Promise<SweepCounts> {
  const watches = deps.ledger.documents(BATCH_WATCHES);
  let completed = 0;
  let cursor: string | undefined;
  do {
    const page = await watches.list(PAGE, cursor);
    for (const watch of page.items) {
      if (signal.aborted) return { completed, unfinished: true };
      if (watch.lookAtMs > deps.clock.nowMs()) continue;
      const isOver = await lookAtBatch(deps, watch);
      if (isOver === "completed") completed += 1;
      await watches.update(watch.batch, (now, nowMs) =>
        isOver === null ? lookLater(now, nowMs) : { ...now, expireAtMs: nowMs },
      );
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return { completed };
}

/** Null: it has to be looked at again. Noted first, then told: whatever breaks in between, the watch stays. */
async function lookAtBatch(
  { ledger, events, log, clock }: CompleteDeps,
  { batch: id, createdAtMs }: BatchWatch,
): Promise<"completed" | "gone" | null> {
  const batches = ledger.documents(BATCHES);
  const batch = await batches.get(id);
  if (batch === null) return clock.nowMs() - createdAtMs > BATCH_WRITTEN_WITHIN_MS ? "gone" : null;
  if (batch.sealedAtMs === null) return null;
  const counts = withWaiting(batch.total, await ledger.countByState({ batch: id }));
  if (!isFinished(batch, counts)) return null;
  const done = await batches.update(id, completed);
  if (done === null || done.completedAtMs === null) return "gone";
  try {
    await events?.tellBatch(done, done.completedAtMs, counts);
  } catch (error) {
    const { code, reason } = toDraftError(error);
    log.warn({ batch: id, code, reason }, "batch.not-told");
    return null;
  }
  log.info({ batch: id, counts }, "batch.completed");
  return "completed";
}

function completed(batch: Batch, nowMs: number): Batch | null {
  return batch.completedAtMs === null ? { ...batch, completedAtMs: nowMs } : null;
}
