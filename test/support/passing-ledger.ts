import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";

/** A store that passes every call on, for a test to put methods of its own in the place of some. */
export function passingLedger(store: Ledger): Ledger {
  return {
    create: (record) => store.create(record),
    cas: (id, revision, record) => store.cas(id, revision, record),
    get: (id) => store.get(id),
    due: (beforeMs, limit) => store.due(beforeMs, limit),
    recentTo: (recipients, sinceMs) => store.recentTo(recipients, sinceMs),
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
