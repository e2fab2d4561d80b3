import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type CasResult, type CreateResult, type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { passingLedger } from "../support/passing-ledger.ts";
import { CLAIMED, logStrike, type Step, type Strikes } from "./strike.ts";

/** The store as it is, save that a write of a record can be struck before it is made, or after it and before its answer. */
export function struckLedger(store: Ledger, { strike }: Strikes): Ledger {
  const around = async <T extends CreateResult | CasResult>(
    record: DraftRecord,
    write: () => Promise<T>,
  ): Promise<T> => {
    const step = stepOf(record);
    await strike(`before ${step}`, record.mailbox, away);
    const startedMs = Date.now();
    const answer = await write();
    if (step === "processing" && "revision" in answer) logStrike(CLAIMED, record.mailbox, startedMs);
    await strike(`after ${step}`, record.mailbox, away);
    return answer;
  };
  return {
    ...passingLedger(store),
    create: (record) => around(record, () => store.create(record)),
    cas: (id, revision, record) => around(record, () => store.cas(id, revision, record)),
  };
}

function stepOf({ state, note }: DraftRecord): Step {
  return state === "queued" && note === "publish-unconfirmed" ? "requeued" : state;
}

function away(): LedgerUnavailable {
  return new LedgerUnavailable("io", "away by order");
}
