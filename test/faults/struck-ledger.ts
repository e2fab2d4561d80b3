import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type CasResult, type CreateResult, type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
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
    create: (record) => around(record, () => store.create(record)),
    cas: (id, revision, record) => around(record, () => store.cas(id, revision, record)),
    get: (id) => store.get(id),
    due: (beforeMs, limit) => store.due(beforeMs, limit),
    failureGroups: (filter, limit) => store.failureGroups(filter, limit),
    createDocument: (kind, document) => store.createDocument(kind, document),
    document: (kind, id) => store.document(kind, id),
    casDocument: (kind, revision, document) => store.casDocument(kind, revision, document),
    documents: (kind, page) => store.documents(kind, page),
    list: (query) => store.list(query),
    count: (filter) => store.count(filter),
    watch: (id, signal) => store.watch(id, signal),
    close: () => store.close(),
  };
}

function stepOf({ state, note }: DraftRecord): Step {
  return state === "queued" && note === "publish-unconfirmed" ? "requeued" : state;
}

function away(): LedgerUnavailable {
  return new LedgerUnavailable("io", "away by order");
}
