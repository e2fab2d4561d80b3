import type { Clock } from "@draftmill/shared/clock.ts";
import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";

export interface WaitDeps {
  readonly ledger: DraftLedger;
  readonly clock: Clock;
}

/** Says what was waited for when the waiting was cut short. */
export async function held<T>(waiting: Promise<T>, hold: AbortSignal, code: ErrorCode): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    throw hold.aborted ? new DraftError(code) : error;
  }
}

/** Returns once the record has left `processing`, or the lease that was seen has run out. */
export async function untilMoved(
  { ledger, clock }: WaitDeps,
  id: string,
  leaseLeftMs: number,
  hold: AbortSignal,
): Promise<void> {
  const moved = new AbortController();
  const either = AbortSignal.any([hold, moved.signal]);
  const watching = (async () => {
    for await (const record of ledger.watch(id, either)) if (record.state !== "processing") return;
  })();
  try {
    await Promise.race([watching, clock.sleep(leaseLeftMs, either)]);
    hold.throwIfAborted();
  } finally {
    moved.abort();
    await watching;
  }
}
