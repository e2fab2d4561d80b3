import type { Clock } from "../clock.ts";
import { DRAFT_STATES, type DraftRecord, type DraftState } from "../contract/draft-record.ts";
import { withDeadline } from "../deadline.ts";
import type { CreateDocumentResult, DocumentPage, LedgerDocument, StoredDocument } from "./document-store.ts";
import type { FirestoreAccess } from "./firestore-access.ts";
import { FirestoreClient, type FirestoreDocument } from "./firestore-client.ts";
import {
  createdFieldsOf,
  documentIdOf,
  parseRevision,
  recordOf,
  revisionOf,
  SWAPPED_FIELDS,
  storedOf,
  swappedFieldsOf,
} from "./firestore-document.ts";
import { FirestoreDocuments } from "./firestore-documents.ts";
import { failureGroups } from "./firestore-failure-groups.ts";
import {
  COLLECTION,
  checkLimit,
  countQuery,
  cursorAt,
  dueQuery,
  listQuery,
  parseCursor,
  positionOf,
} from "./firestore-pages.ts";
import { recentRecords } from "./firestore-recent.ts";
import { FirestoreWatchers } from "./firestore-watchers.ts";
import { FirestoreWrites } from "./firestore-writes.ts";
import {
  type CasResult,
  type CountFilter,
  type CreateResult,
  type FailureFilter,
  type FailureGroups,
  type Ledger,
  LedgerUnavailable,
  type ListQuery,
  type Page,
  type StateCounts,
  type Stored,
} from "./ledger.ts";
import { checkRecipients } from "./recipients.ts";

/** Half a second less than the ten that a ledger promises to settle in. */
const CALL_TIMEOUT_MS = 9_500;

/** Expired records that Firestore has not removed yet can empty a page; after so many queries it is given out as it is. */
const MAX_LIST_ROUNDS = 4;

export interface FirestoreLedgerOptions {
  readonly access: FirestoreAccess;
  readonly database: string;
  readonly clock: Clock;
  /** 0 to 1, for pauses. */
  readonly random: () => number;
  /** Never the same twice, in any process. */
  readonly newWriteId: () => string;
  /** What carries the requests; default: connections of its own. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/**
 * The ledger in one collection of Firestore in native mode, for any number of processes. Every write is one commit of one
 * document with a precondition; there are no transactions, as those wait for each other's locks when duplicates collide.
 * A write whose answer is lost is sent again, and known by its `write` field if it happened the first time.
 */
export class FirestoreLedger implements Ledger {
  readonly #client: FirestoreClient;
  readonly #clock: Clock;
  readonly #writes: FirestoreWrites;
  readonly #documents: FirestoreDocuments;
  readonly #watchers: FirestoreWatchers;
  readonly #underWay = new Set<Promise<unknown>>();
  #lastCreatedUs = 0;
  #closed = false;

  /** Opens no connection before the first call. */
  constructor(options: FirestoreLedgerOptions) {
    this.#client = new FirestoreClient(options);
    this.#clock = options.clock;
    this.#writes = new FirestoreWrites(this.#client, options.newWriteId);
    this.#documents = new FirestoreDocuments({
      client: this.#client,
      writes: this.#writes,
      run: (work) => this.#run(work),
      nextCreatedUs: () => this.#nextCreatedUs(),
    });
    this.#watchers = new FirestoreWatchers(options.clock, (id, ended) =>
      withDeadline(CALL_TIMEOUT_MS, ended, (signal) => this.#read(id, signal)),
    );
  }

  create(record: DraftRecord): Promise<CreateResult> {
    const createdUs = this.#nextCreatedUs();
    return this.#write(record.id, async (signal) => {
      const name = await this.#nameOf(record.id, signal);
      const fieldsOf = (writeId: string) => createdFieldsOf(record, writeId, createdUs);
      const hasExpired = (found: FirestoreDocument, readTime: string) => storedOf(found, readTime) === null;
      const outcome = await this.#writes.create(name, fieldsOf, hasExpired, signal);
      if (outcome.kind === "created") return { created: true, revision: revisionOf(outcome.updateTime, record) };
      const stored = storedOf(outcome.document, outcome.readTime);
      if (stored !== null) return { created: false, stored };
      throw new LedgerUnavailable("corrupt", "a record expired as it was read");
    });
  }

  get(id: string): Promise<Stored | null> {
    return this.#run((signal) => this.#read(id, signal));
  }

  cas(id: string, revision: string, record: DraftRecord): Promise<CasResult> {
    return this.#write(id, async (signal) => {
      const expected = parseRevision(revision);
      if (expected === null || expected.expireAtMs <= this.#clock.nowMs()) return { swapped: false };
      const name = await this.#nameOf(id, signal);
      const fieldsOf = (writeId: string) => swappedFieldsOf(record, writeId);
      const updateTime = await this.#writes.swap(name, expected.updateTime, fieldsOf, SWAPPED_FIELDS, signal);
      return updateTime === null ? { swapped: false } : { swapped: true, revision: revisionOf(updateTime, record) };
    });
  }

  async list(query: ListQuery): Promise<Page> {
    checkLimit(query.limit);
    const start = query.cursor === undefined ? null : parseCursor(query.cursor);
    return this.#run(async (signal) => {
      const root = await this.#client.root(signal);
      const items: DraftRecord[] = [];
      let after = start;
      for (let rounds = 0; rounds < MAX_LIST_ROUNDS; rounds++) {
        // One more than the page holds, to tell whether there is another.
        const limit = query.limit - items.length + 1;
        const { documents, readTime } = await this.#client.query(listQuery(query, { limit, after, root }), signal);
        for (const document of documents) {
          const record = recordOf(document);
          if (record.expireAtMs <= Date.parse(readTime)) continue;
          if (items.length === query.limit) return { items, nextCursor: after && cursorAt(after) };
          items.push(record);
          after = positionOf(document);
        }
        const last = documents.at(-1);
        if (last === undefined || documents.length < limit) return { items, nextCursor: null };
        after = positionOf(last);
      }
      return { items, nextCursor: after && cursorAt(after) };
    });
  }

  async due(beforeMs: number, limit: number): Promise<readonly DraftRecord[]> {
    checkLimit(limit);
    return this.#run(async (signal) => {
      const { documents, readTime } = await this.#client.query(dueQuery(beforeMs, limit), signal);
      return documents.map(recordOf).filter(({ expireAtMs }) => expireAtMs > Date.parse(readTime));
    });
  }

  async recentTo(recipients: readonly string[], sinceMs: number): Promise<readonly DraftRecord[]> {
    checkRecipients(recipients);
    return this.#run((signal) => recentRecords(this.#client, recipients, sinceMs, signal));
  }

  async failureGroups(filter: FailureFilter, limit: number): Promise<FailureGroups> {
    checkLimit(limit);
    return this.#run((signal) => failureGroups(this.#client, this.#clock, filter, limit, signal));
  }

  createDocument(kind: string, document: LedgerDocument): Promise<CreateDocumentResult> {
    return this.#documents.createDocument(kind, document);
  }

  document(kind: string, id: string): Promise<StoredDocument | null> {
    return this.#documents.document(kind, id);
  }

  casDocument(kind: string, revision: string, document: LedgerDocument): Promise<CasResult> {
    return this.#documents.casDocument(kind, revision, document);
  }

  documents(kind: string, page: { readonly limit: number; readonly cursor?: string }): Promise<DocumentPage> {
    return this.#documents.documents(kind, page);
  }

  count(filter: CountFilter): Promise<StateCounts> {
    return this.#run(async (signal) => {
      const counts = await Promise.all(
        DRAFT_STATES.map(
          async (state) => [state, await this.#client.count(countQuery(filter, state), signal)] as const,
        ),
      );
      const byState = new Map<DraftState, number>(counts);
      const count = (state: DraftState): number => byState.get(state) ?? 0;
      return {
        queued: count("queued"),
        processing: count("processing"),
        created: count("created"),
        failed: count("failed"),
        parked: count("parked"),
        dead: count("dead"),
        canceled: count("canceled"),
      };
    });
  }

  watch(id: string, signal: AbortSignal): AsyncIterable<Stored> {
    return this.#watchers.watch(id, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchers.close();
    await Promise.allSettled(this.#underWay);
  }

  async #read(id: string, signal: AbortSignal): Promise<Stored | null> {
    const { document, readTime } = await this.#client.read(await this.#nameOf(id, signal), signal);
    return document === null ? null : storedOf(document, readTime);
  }

  async #nameOf(id: string, signal: AbortSignal): Promise<string> {
    return `${await this.#client.root(signal)}/documents/${COLLECTION}/${documentIdOf(id)}`;
  }

  async #write<T>(id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const result = await this.#run(work);
    this.#watchers.wake(id);
    return result;
  }

  async #run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#closed) throw new LedgerUnavailable("closed", "the ledger has been closed");
    const working = withDeadline(CALL_TIMEOUT_MS, null, work);
    this.#underWay.add(working);
    try {
      return await working;
    } finally {
      this.#underWay.delete(working);
    }
  }

  #nextCreatedUs(): number {
    this.#lastCreatedUs = Math.max(this.#lastCreatedUs + 1, this.#clock.nowMs() * 1_000);
    return this.#lastCreatedUs;
  }
}
