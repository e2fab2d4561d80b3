import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import { BATCH_REFRESH_MS } from "./batch-board.ts";

const LATE_LEASES = 1;

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
