import type { Batch } from "@draftmill/shared/batch/batch.ts";
import type { StateCounts } from "@draftmill/shared/ledger/ledger.ts";
import type { EventContent } from "./cloud-event.ts";

/** What is told of a batch when the last of its requests has ended, with how many are in which state by then. */
export function batchEvent(batch: Batch, completedAtMs: number, counts: StateCounts): EventContent {
  const { id, name, caller, control, total, rejected, createdAtMs } = batch;
  return {
    type: "draftmill.batch.completed",
    subject: id,
    occurrence: [createdAtMs],
    timeMs: completedAtMs,
    data: {
      id,
      name,
      caller,
      control,
      total,
      rejected,
      counts,
      createdAt: new Date(createdAtMs).toISOString(),
      completedAt: new Date(completedAtMs).toISOString(),
    },
  };
}
