import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { passingLedger } from "../support/passing-ledger.ts";

/**
 * The store as it is, save that so large a share of its writes is carried out and then not answered. `onLost` hears of
 * each, with the state that the record is in by now.
 */
export function forgetfulLedger(
  store: Ledger,
  share: number,
  random: () => number,
  onLost: (state: DraftRecord["state"]) => void,
): Ledger {
  const write = async <T>({ state }: DraftRecord, done: Promise<T>): Promise<T> => {
    const answer = await done;
    if (random() >= share) return answer;
    onLost(state);
    throw new LedgerUnavailable("io", "the answer is lost");
  };
  return {
    ...passingLedger(store),
    create: (record) => write(record, store.create(record)),
    cas: (id, revision, record) => write(record, store.cas(id, revision, record)),
  };
}
