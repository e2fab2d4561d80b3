import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { newReplay, type Replay } from "@draftmill/shared/replay/replay.ts";
import { mayBeLate } from "./late-deliveries.ts";

export interface ResumeDeps {
  readonly ledger: DraftLedger;
  readonly replays: Documents<Replay>;
  readonly clock: Clock;
  readonly leaseMs: number;
}

/** More than a batch has requests. */
const NO_LIMIT = 1_000_000_000;

/**
 * Orders the replay of what was set aside while the batch was paused, and once more for as long as a late delivery may add to it.
 * True when that is over.
 */
export async function resumeSetAside(deps: ResumeDeps, order: BatchOrder): Promise<boolean> {
  const { ledger, replays, clock, leaseMs } = deps;
  const filter = { state: "parked", batch: order.batch, code: "BATCH_PAUSED" } as const;
  const { items } = await ledger.list({ ...filter, limit: 1 });
  if (items.length > 0) {
    const id = `batch-${order.batch}-${Math.floor(clock.nowMs() / leaseMs)}`;
    await replays.create(newReplay({ id, filter, limit: NO_LIMIT, caller: null }, clock.nowMs()));
  }
  return items.length === 0 && !mayBeLate(deps, order);
}
