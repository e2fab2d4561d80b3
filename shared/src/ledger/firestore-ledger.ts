import type { Clock } from "../clock.ts";
import { DRAFT_STATES, type DraftRecord, type DraftState } from "../contract/draft-record.ts";
import { withDeadline } from "../deadline.ts";
import type { FirestoreAccess } from "./firestore-access.ts";
import { FirestoreClient } from "./firestore-client.ts";
import {
  createdFieldsOf,
  documentIdOf,
  parseRevision,
  recordOf,
  revisionOf,
  SWAPPED_FIELDS,
  storedOf,
  swappedFieldsOf,
  writeOf,
} from "./firestore-document.ts";
import { COLLECTION, checkLimit, countQuery, cursorAt, listQuery, parseCursor, positionOf } from "./firestore-pages.ts";
import { FirestoreWatchers } from "./firestore-watchers.ts";
import {
  type CasResult,
  type CountFilter,
  type CreateResult,
  type Ledger,
  LedgerUnavailable,
  type ListQuery,
  type Page,
  type StateCounts,
  type Stored,
} from "./ledger.ts";

/** Half a second less than the ten that a ledger promises to settle in. */
const CALL_TIMEOUT_MS = 9_500;

/** Each means that another process has replaced, or Firestore removed, an expired record meanwhile. */
const MAX_CREATE_ROUNDS = 4;

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
}

/**
 * The ledger in one collection of Firestore in native mode, for any number of processes. Every write is one commit of one
 * document with a precondition; there are no transactions, as those wait for each other's locks when duplicates collide.
 * A write whose answer is lost is sent again, and known by its `write` field if it happened the first time.
 */
export class FirestoreLedger implements Ledger {
  readonly #client: FirestoreClient;
  readonly #clock: Clock;
  readonly #newWriteId: () => string;
  readonly #watchers: FirestoreWatchers;
  readonly #underWay = new Set<Promise<unknown>>();
  #lastCreatedUs = 0;
  #closed = false;

  /** Opens no connection before the first call. */
  constructor(options: FirestoreLedgerOptions) {
    this.#client = new FirestoreClient(options);
    this.#clock = options.clock;
    this.#newWriteId = options.newWriteId;
    this.#watchers = new FirestoreWatchers(options.clock, (id, ended) =>
      withDeadline(CALL_TIMEOUT_MS, ended, (signal) => this.#read(id, signal)),
    );
  }

  create(record: DraftRecord): Promise<CreateResult> {
    const createdUs = this.#nextCreatedUs();
    return this.#write(record.id, async (signal) => {
      const name = await this.#nameOf(record.id, signal);
      const writeId = this.#newWriteId();
      const update = { name, fields: createdFieldsOf(record, writeId, createdUs) };
      let currentDocument: { exists: boolean } | { updateTime: string } = { exists: false };
      for (let rounds = 0; rounds < MAX_CREATE_ROUNDS; rounds++) {
        const committed = await this.#client.commit({ update, currentDocument }, signal);
        if (committed.kind === "written") return { created: true, revision: revisionOf(committed.updateTime, record) };
        const { document, readTime } = await this.#client.read(name, signal);
        if (document === null) {
          currentDocument = { exists: false };
          continue;
        }
        const updateTime = document.updateTime ?? "";
        if (writeOf(document) === writeId) return { created: true, revision: revisionOf(updateTime, record) };
        const stored = storedOf(document, readTime);
        if (stored !== null) return { created: false, stored };
        currentDocument = { updateTime };
      }
      throw new LedgerUnavailable("contended", `${MAX_CREATE_ROUNDS} creates lost in a row`);
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
      const writeId = this.#newWriteId();
      const committed = await this.#client.commit(
        {
          update: { name, fields: swappedFieldsOf(record, writeId) },
          updateMask: { fieldPaths: SWAPPED_FIELDS },
          currentDocument: { updateTime: expected.updateTime },
        },
        signal,
      );
      if (committed.kind === "written") return { swapped: true, revision: revisionOf(committed.updateTime, record) };
      if (!committed.inDoubt) return { swapped: false };
      const { document } = await this.#client.read(name, signal);
      if (document === null || writeOf(document) !== writeId) return { swapped: false };
      return { swapped: true, revision: revisionOf(document.updateTime ?? "", record) };
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
