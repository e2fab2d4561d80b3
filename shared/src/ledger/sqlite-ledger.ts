import { randomInt } from "node:crypto";
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import { type DraftRecord, type DraftState, FAILURE_STATES } from "../contract/draft-record.ts";
import type { CreateDocumentResult, DocumentPage, LedgerDocument, StoredDocument } from "./document-store.ts";
import {
  type CasResult,
  type CountFilter,
  type CreateResult,
  type FailureFilter,
  type FailureGroup,
  type FailureGroups,
  type Ledger,
  LedgerUnavailable,
  type ListQuery,
  type Page,
  type StateCounts,
  type Stored,
} from "./ledger.ts";
import { checkRecipients, recipientHashes } from "./recipients.ts";
import { PURGE_DOCUMENTS, SqliteDocuments } from "./sqlite-documents.ts";
import { onSqlite } from "./sqlite-error.ts";
import { countSql, cursorAfter, dueSql, failureGroupsSql, listSql, recentSql, type Sql } from "./sqlite-pages.ts";
import { openSqliteDatabase } from "./sqlite-schema.ts";
import { SqliteWatchers } from "./sqlite-watchers.ts";
import { SqliteWrites } from "./sqlite-writes.ts";

/** Expired rows go in steps of this size, each in a transaction that bears it easily. */
const PURGE_ROWS = 64;

/** How often expired rows are looked for when nothing is written. */
const PURGE_EVERY_MS = 60_000;
/** And when there are writes, after a purge that left none: to look costs a third of what a write does. */
const PURGE_PAUSE_MS = 1_000;

const LOCK_DEADLINE_MS = 5_000;

export interface SqliteLedgerOptions {
  /** Its wall clock must be the machine's, as other processes go by that too. */
  readonly clock: Clock;
  /** How long a write waits for another process's transaction before it is `busy`; 5 s if not given. */
  readonly lockDeadlineMs?: number;
}

const INSERT = `INSERT INTO draft (id, version, state, mailbox, batch, code, due_at_ms, expire_at_ms, record)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;
const INSERT_RECIPIENT = "INSERT INTO draft_recipient (seq, hash) VALUES (?, ?)";
const DELETE = "DELETE FROM draft WHERE id = ?";
const SELECT = "SELECT seq, version, record FROM draft WHERE id = ? AND expire_at_ms > ?";
const REVISION = "SELECT seq, version FROM draft WHERE id = ? AND expire_at_ms > ?";
// A record's mailbox and batch never change: their indexes are left alone.
const UPDATE = `UPDATE draft SET version = version + 1, state = ?, code = ?, due_at_ms = ?, expire_at_ms = ?, record = ?
  WHERE id = ? AND seq || '.' || version = ? AND mailbox = ? AND batch IS ? AND expire_at_ms > ?
  RETURNING seq, version`;
const PURGE = `DELETE FROM draft WHERE seq IN
  (SELECT seq FROM draft WHERE expire_at_ms <= ? ORDER BY expire_at_ms LIMIT ${PURGE_ROWS})`;

/**
 * The ledger in one SQLite file, for the processes of one machine; their wall clock is the store's clock. Calls block
 * the event loop while SQLite works: tens of microseconds for a read, a disk flush for each group of writes.
 */
export class SqliteLedger implements Ledger {
  readonly #clock: Clock;
  readonly #db: DatabaseSync;
  readonly #writes: SqliteWrites;
  readonly #watchers: SqliteWatchers;
  readonly #documents: SqliteDocuments;
  readonly #statements = new Map<string, StatementSync>();
  readonly #idlePurge: NodeJS.Timeout;
  /** By the wall clock. */
  #purgeFromMs = 0;
  #closed = false;

  /** @throws LedgerUnavailable when the file cannot be opened or was written by a newer release. */
  constructor(path: string, { clock, lockDeadlineMs = LOCK_DEADLINE_MS }: SqliteLedgerOptions) {
    this.#clock = clock;
    this.#db = openSqliteDatabase(path);
    this.#watchers = new SqliteWatchers(this.#db, (id, known) => this.#readIfChanged(id, known));
    this.#writes = new SqliteWrites(this.#db, {
      beforeCommit: () => this.#purge(),
      lockDeadlineMs,
    });
    this.#documents = new SqliteDocuments({
      clock,
      statement: (text) => this.#statement(text),
      write: async (work) => {
        this.#refuseIfClosed();
        return this.#writes.write(work);
      },
      read: (work) => {
        this.#refuseIfClosed();
        return onSqlite(work);
      },
    });
    // An empty write: it purges as every other does. What fails now is tried again a minute later.
    this.#idlePurge = setInterval(() => this.#writes.write(() => {}).catch(() => {}), PURGE_EVERY_MS);
    this.#idlePurge.unref();
  }

  create(record: DraftRecord): Promise<CreateResult> {
    const { id, state, mailbox, batch, dueAtMs, expireAtMs } = record;
    const json = JSON.stringify(record);
    const code = record.problem?.code ?? null;
    const version = firstVersion();
    const recipients = recipientHashes(record);
    return this.#write(id, () => {
      const insert = () =>
        this.#statement(INSERT).run(id, version, state, mailbox, batch, code, dueAtMs, expireAtMs, json);
      let inserted = insert();
      if (inserted.changes === 0) {
        const stored = this.#read(id);
        if (stored !== null) return { created: false, stored };
        this.#statement(DELETE).run(id);
        inserted = insert();
      }
      for (const hash of recipients) this.#statement(INSERT_RECIPIENT).run(inserted.lastInsertRowid, hash);
      return { created: true, revision: `${inserted.lastInsertRowid}.${version}` };
    });
  }

  async get(id: string): Promise<Stored | null> {
    this.#refuseIfClosed();
    return onSqlite(() => this.#read(id));
  }

  cas(id: string, revision: string, record: DraftRecord): Promise<CasResult> {
    const { state, mailbox, batch, dueAtMs, expireAtMs } = record;
    const json = JSON.stringify(record);
    const code = record.problem?.code ?? null;
    return this.#write(id, () => {
      const condition = [id, revision, mailbox, batch, this.#clock.nowMs()];
      const row = this.#statement(UPDATE).get(state, code, dueAtMs, expireAtMs, json, ...condition);
      return row === undefined ? { swapped: false } : { swapped: true, revision: revisionOf(row) };
    });
  }

  async list(query: ListQuery): Promise<Page> {
    this.#refuseIfClosed();
    const rows = onSqlite(() => this.#all(listSql(query, this.#clock.nowMs())));
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    const more = rows.length > page.length && last !== undefined;
    return { items: page.map(recordOf), nextCursor: more ? cursorAfter(Number(last.seq)) : null };
  }

  async due(beforeMs: number, limit: number): Promise<readonly DraftRecord[]> {
    this.#refuseIfClosed();
    return onSqlite(() => this.#all(dueSql(beforeMs, limit, this.#clock.nowMs()))).map(recordOf);
  }

  async recentTo(recipients: readonly string[], sinceMs: number): Promise<readonly DraftRecord[]> {
    this.#refuseIfClosed();
    checkRecipients(recipients);
    const nowMs = this.#clock.nowMs();
    const rows = onSqlite(() => recipients.flatMap((hash) => this.#all(recentSql(hash, nowMs))));
    const records = new Map(rows.map((row) => [row.seq, row]));
    return [...records.values()].map(recordOf).filter(({ createdAtMs }) => createdAtMs >= sinceMs);
  }

  async failureGroups(filter: FailureFilter, limit: number): Promise<FailureGroups> {
    this.#refuseIfClosed();
    const rows = onSqlite(() => this.#all(failureGroupsSql(filter, limit, this.#clock.nowMs())));
    return { groups: rows.slice(0, limit).map(failureGroupOf), truncated: rows.length > limit };
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

  async count(filter: CountFilter): Promise<StateCounts> {
    this.#refuseIfClosed();
    const rows = onSqlite(() => this.#all(countSql(filter, this.#clock.nowMs())));
    const byState = new Map(rows.map((row) => [row.state, Number(row.n)]));
    const count = (state: DraftState) => byState.get(state) ?? 0;
    return {
      queued: count("queued"),
      processing: count("processing"),
      created: count("created"),
      failed: count("failed"),
      parked: count("parked"),
      dead: count("dead"),
      canceled: count("canceled"),
    };
  }

  watch(id: string, signal: AbortSignal): AsyncIterable<Stored> {
    return this.#watchers.watch(id, signal);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#idlePurge);
    this.#writes.drain();
    this.#watchers.close();
    onSqlite(() => this.#db.close());
  }

  async #write<T>(id: string, work: () => T): Promise<T> {
    this.#refuseIfClosed();
    const result = await this.#writes.write(work);
    this.#watchers.wake(id);
    return result;
  }

  /** Part of a transaction: should that fail, what has expired goes a second later. */
  #purge(): void {
    const nowMs = this.#clock.nowMs();
    // A clock that was set back must not keep it waiting.
    if (nowMs < this.#purgeFromMs && nowMs > this.#purgeFromMs - PURGE_PAUSE_MS) return;
    const drafts = this.#statement(PURGE).run(nowMs).changes;
    const documents = this.#statement(PURGE_DOCUMENTS).run(nowMs).changes;
    const isDone = Number(drafts) < PURGE_ROWS && Number(documents) < PURGE_ROWS;
    this.#purgeFromMs = isDone ? nowMs + PURGE_PAUSE_MS : nowMs;
  }

  #read(id: string): Stored | null {
    const nowMs = this.#clock.nowMs();
    const row = this.#statement(SELECT).get(id, nowMs);
    return row === undefined ? null : { record: recordOf(row), revision: revisionOf(row), nowMs };
  }

  #readIfChanged(id: string, known: string | null): Stored | null {
    return onSqlite(() => {
      const row = this.#statement(REVISION).get(id, this.#clock.nowMs());
      return row === undefined || revisionOf(row) === known ? null : this.#read(id);
    });
  }

  #all({ text, values }: Sql): Row[] {
    return this.#statement(text).all(...values);
  }

  #statement(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (statement === undefined) {
      statement = this.#db.prepare(text);
      this.#statements.set(text, statement);
    }
    return statement;
  }

  #refuseIfClosed(): void {
    if (this.#closed) throw new LedgerUnavailable("closed", "the ledger has been closed");
  }
}

type Row = Record<string, SQLOutputValue>;

/**
 * Where a record's version starts: by chance, so that a revision, which a message may vouch for a record with, cannot be
 * guessed. Leaves room to count on below 2^53.
 */
function firstVersion(): number {
  return randomInt(2 ** 47);
}

function failureGroupOf(row: Row): FailureGroup {
  const state = FAILURE_STATES.find((known) => known === row.state);
  if (state === undefined) throw new LedgerUnavailable("corrupt", "a failure is in no state of failures");
  return { code: String(row.code), mailbox: String(row.mailbox), state, count: Number(row.n) };
}

function revisionOf(row: Row): string {
  return `${row.seq}.${row.version}`;
}

/** The file is ours alone, so a record that parses is a record. */
function recordOf(row: Row): DraftRecord {
  try {
    return JSON.parse(String(row.record));
  } catch (error) {
    throw new LedgerUnavailable("corrupt", `row ${row.seq} is not JSON`, { cause: error });
  }
}
