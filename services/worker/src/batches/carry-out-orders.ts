import { type BatchOrder, idOfBatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { SweepCounts } from "../sweep/sweep-report.ts";
import { cancelSetAside } from "./cancel-set-aside.ts";
import { type ResumeDeps, resumeSetAside } from "./resume-set-aside.ts";
import { type TakeBackDeps, takeBack } from "./take-back.ts";

export interface CarryOutDeps extends ResumeDeps, TakeBackDeps {
  readonly clock: Clock;
  readonly leaseMs: number;
}

const LIST_LIMIT = 200;

/** Carries out what operators have ordered of batches, the oldest first, one process an order. */
export async function carryOutOrders(deps: CarryOutDeps, signal: AbortSignal): Promise<SweepCounts> {
  const { items } = await deps.orders.list(LIST_LIMIT);
  let unfinished = items.length === LIST_LIMIT;
  for (const { batch, kind } of [...items].reverse()) {
    if (signal.aborted) return { unfinished: true };
    const order = await takeLease(deps, { batch, kind });
    if (order === null) continue;
    const isOver = await carryOut(deps, order, signal);
    if (!isOver) unfinished = true;
    await deps.orders.update(idOfBatchOrder(order), (now, nowMs) => {
      // Given once more meanwhile: it begins again.
      if (now.askedAtMs !== order.askedAtMs) return { ...now, leaseUntilMs: 0 };
      return { ...now, leaseUntilMs: 0, ...(isOver ? { expireAtMs: nowMs } : {}) };
    });
  }
  return { unfinished };
}

/** True when nothing is left to do. */
function carryOut(deps: CarryOutDeps, order: BatchOrder, signal: AbortSignal): Promise<boolean> {
  switch (order.kind) {
    case "resume":
      return resumeSetAside(deps, order);
    case "cancel":
      return cancelSetAside(deps, order, signal);
    case "undo":
      return takeBack(deps, order, signal);
    default:
      return order.kind satisfies never;
  }
}

async function takeLease(
  { orders, leaseMs }: CarryOutDeps,
  which: Pick<BatchOrder, "batch" | "kind">,
): Promise<BatchOrder | null> {
  let isOurs = false;
  const order = await orders.update(idOfBatchOrder(which), (now, nowMs) => {
    isOurs = now.leaseUntilMs <= nowMs;
    return isOurs ? { ...now, leaseUntilMs: nowMs + leaseMs } : null;
  });
  return isOurs ? order : null;
}
