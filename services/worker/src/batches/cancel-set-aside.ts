import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { isScheduled } from "@draftmill/shared/ledger/due.ts";
import { mayBeLate } from "./late-deliveries.ts";

export interface CancelDeps {
  readonly ledger: DraftLedger;
  readonly clock: Clock;
  readonly leaseMs: number;
}

const PAGE = 200;
const AT_ONCE = 10;

/** Cancels what the batch has parked, and what waits for its time. True when nothing is left, nor may come. */
export async function cancelSetAside(deps: CancelDeps, order: BatchOrder, signal: AbortSignal): Promise<boolean> {
  await cancelAll(deps, order, { state: "parked", isMeant: () => true }, signal);
  // The others that are queued end when they are delivered.
  await cancelAll(deps, order, { state: "queued", isMeant: isScheduled }, signal);
  return !signal.aborted && !mayBeLate(deps, order);
}

async function cancelAll(
  { ledger }: CancelDeps,
  { batch }: BatchOrder,
  { state, isMeant }: { readonly state: "parked" | "queued"; readonly isMeant: (record: DraftRecord) => boolean },
  signal: AbortSignal,
): Promise<void> {
  let cursor: string | undefined;
  do {
    if (signal.aborted) return;
    const page = await ledger.list({ batch, state, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    const rows = page.items.filter(isMeant).values();
    const worker = async (): Promise<void> => {
      for (const { id } of rows) await ledger.cancel(id);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
