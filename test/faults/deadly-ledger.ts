import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { takeStrike } from "./strike.ts";

/** The store as it is, save that this process kills itself where the order says. Reads `path` before and after each write. */
export function deadlyLedger(store: Ledger, path: string): Ledger {
  const around = async <T>({ state, mailbox }: DraftRecord, write: () => Promise<T>): Promise<T> => {
    dieIf(takeStrike(path, { when: "before", into: state, mailbox }));
    const answer = await write();
    dieIf(takeStrike(path, { when: "after", into: state, mailbox }));
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

/** The signal is delivered before the call returns: nothing after it runs. */
function dieIf(struck: boolean): void {
  if (struck) process.kill(process.pid, "SIGKILL");
}
