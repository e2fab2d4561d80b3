import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { BATCH_REFRESH_MS } from "./batch-board.ts";

const LATE_LEASES = 1;
/**
 * From an order on, whoever has not claimed a request by then hears of the order before it does: what a delivery knows of the batch,
 * of an incident and of the claim is three questions to the ledger, each answered within ten seconds, and the rest is for the mail.
 */
const CLAIMED_WITHIN_MS = 60_000;

/**
 * Whether a delivery may still go by what its batch was before the order: it learned that up to `BATCH_REFRESH_MS` ago, and writes it
 * down within a lease.
 */
export function mayBeLate(
  { clock, leaseMs }: { readonly clock: Clock; readonly leaseMs: number },
  { askedAtMs }: BatchOrder,
): boolean {
  return clock.nowMs() < askedAtMs + BATCH_REFRESH_MS + LATE_LEASES * leaseMs;
}

/**
 * Whether it is seen, before a lease has passed, that no draft of the batch can come any more: none of its requests is claimed, none has
 * been set aside or become a draft beside the `created` that are known, and none is claimed any more by what the batch was before.
 */
export async function isNoneUnderWay(
  { ledger, clock }: { readonly ledger: DraftLedger; readonly clock: Clock },
  { batch, askedAtMs }: BatchOrder,
  created: number,
): Promise<boolean> {
  if (clock.nowMs() < askedAtMs + CLAIMED_WITHIN_MS) return false;
  const claimed = await ledger.countByState({ batch });
  if (claimed.processing > 0) return false;
  // Only now: a store may count one state after the other, and miss a request that goes from one to the next meanwhile.
  const ended = await ledger.countByState({ batch });
  return ended.parked === 0 && ended.created === created;
}
