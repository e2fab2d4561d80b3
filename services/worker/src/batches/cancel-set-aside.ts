import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { mayBeLate } from "./late-deliveries.ts";

export interface CancelDeps {
  readonly ledger: DraftLedger;
  readonly clock: Clock;
  readonly leaseMs: number;
}

const PAGE = 200;
const AT_ONCE = 10;

/** Cancels what the batch has parked. True when nothing is left, nor may come. */
export async function cancelSetAside(deps: CancelDeps, order: BatchOrder, signal: AbortSignal): Promise<boolean> {
  const { ledger } = deps;
  while (!signal.aborted) {
    const { items } = await ledger.list({ batch: order.batch, state: "parked", limit: PAGE });
    if (items.length === 0) return !mayBeLate(deps, order);
    const rows = items.values();
    const worker = async (): Promise<void> => {
      for (const { id } of rows) await ledger.cancel(id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }
  return false;
}
