import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";

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
    create: (record) => write(record, store.create(record)),
    cas: (id, revision, record) => write(record, store.cas(id, revision, record)),
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
