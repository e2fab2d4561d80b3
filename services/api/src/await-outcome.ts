import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftRecord, DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";

/** Whether nothing more happens to a request in this state unless a person acts. */
export function isSettled(state: DraftState): boolean {
  switch (state) {
    case "queued":
    case "processing":
      return false;
    case "created":
    case "failed":
    case "parked":
    case "dead":
    case "canceled":
      return true;
    default:
      return state satisfies never;
  }
}

/**
 * Waits until the request of `record` has settled, at most `waitMs` and no longer than until `signal` aborts. Resolves
 * with the record as last seen. Rejects only with what the ledger throws.
 */
export async function awaitOutcome(
  ledger: DraftLedger,
  clock: Clock,
  record: DraftRecord,
  waitMs: number,
  signal: AbortSignal,
): Promise<DraftRecord> {
  if (waitMs <= 0 || isSettled(record.state) || signal.aborted) return record;
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  const timer = clock.sleep(waitMs, either).then(
    () => ended.abort(),
    () => {},
  );
  let latest = record;
  try {
    for await (const seen of ledger.watch(record.id, either)) {
      latest = seen;
      if (isSettled(seen.state)) break;
    }
    return latest;
  } finally {
    ended.abort();
    await timer;
  }
}
