import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { passingLedger } from "../../support/passing-ledger.ts";

/** `lost-answer`: the write happens, the caller hears of a failure. `refused`: it does not happen. */
export type Fault = "lost-answer" | "refused";

/** A real store behind a bad line: the next writes, in order, meet the faults that are queued here. */
export class FlakyLedger {
  readonly faults: (Fault | null)[] = [];
  /** Writes that reached the store. */
  writes = 0;
  readonly ledger: Ledger;

  constructor(store: Ledger) {
    const send = async <T>(write: () => Promise<T>): Promise<T> => {
      const fault = this.faults.shift() ?? null;
      if (fault === "refused") throw new LedgerUnavailable("io", "the line is cut");
      this.writes++;
      const answer = await write();
      if (fault === "lost-answer") throw new LedgerUnavailable("io", "the answer is lost");
      return answer;
    };
    this.ledger = {
      ...passingLedger(store),
      create: (record: DraftRecord) => send(() => store.create(record)),
      cas: (id, revision, record) => send(() => store.cas(id, revision, record)),
      createDocument: (kind, document) => send(() => store.createDocument(kind, document)),
      casDocument: (kind, revision, document) => send(() => store.casDocument(kind, revision, document)),
    };
  }
}
