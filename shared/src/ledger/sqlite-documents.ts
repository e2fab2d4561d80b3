import type { SQLOutputValue, StatementSync } from "node:sqlite";
import type { Clock } from "../clock.ts";
import type {
  CreateDocumentResult,
  DocumentPage,
  DocumentStore,
  LedgerDocument,
  StoredDocument,
} from "./document-store.ts";
import { type CasResult, LedgerUnavailable } from "./ledger.ts";
import { cursorAfter, seqOf } from "./sqlite-pages.ts";

const INSERT = `INSERT INTO document (kind, id, version, expire_at_ms, value) VALUES (?, ?, 1, ?, ?)
  ON CONFLICT (kind, id) DO NOTHING`;
const DELETE = "DELETE FROM document WHERE kind = ? AND id = ?";
const SELECT =
  "SELECT seq, version, id, expire_at_ms, value FROM document WHERE kind = ? AND id = ? AND expire_at_ms > ?";
const UPDATE = `UPDATE document SET version = version + 1, expire_at_ms = ?, value = ?
  WHERE kind = ? AND id = ? AND seq || '.' || version = ? AND expire_at_ms > ? RETURNING seq, version`;
const LIST = `SELECT seq, version, id, expire_at_ms, value FROM document
  WHERE kind = ? AND seq < ? AND expire_at_ms > ? ORDER BY seq DESC LIMIT ?`;
export const PURGE_DOCUMENTS = `DELETE FROM document WHERE seq IN
  (SELECT seq FROM document WHERE expire_at_ms <= ? ORDER BY expire_at_ms LIMIT 64)`;

/** What the documents need of the ledger that they live in. */
export interface SqliteHost {
  readonly clock: Clock;
  statement(text: string): StatementSync;
  /** Runs inside a transaction and resolves once that is on disk. */
  write<T>(work: () => T): Promise<T>;
  /** Runs at once. */
  read<T>(work: () => T): T;
}

/** The documents of a ledger in SQLite, in one table beside the records. */
export class SqliteDocuments implements DocumentStore {
  readonly #host: SqliteHost;

  constructor(host: SqliteHost) {
    this.#host = host;
  }

  createDocument(kind: string, { id, value, expireAtMs }: LedgerDocument): Promise<CreateDocumentResult> {
    const json = JSON.stringify(value);
    const insert = () => this.#host.statement(INSERT).run(kind, id, expireAtMs, json);
    return this.#host.write(() => {
      let inserted = insert();
      if (inserted.changes === 0) {
        const stored = this.#read(kind, id);
        if (stored !== null) return { created: false, stored };
        this.#host.statement(DELETE).run(kind, id);
        inserted = insert();
      }
      return { created: true, revision: `${inserted.lastInsertRowid}.1` };
    });
  }

  async document(kind: string, id: string): Promise<StoredDocument | null> {
    return this.#host.read(() => this.#read(kind, id));
  }

  casDocument(kind: string, revision: string, { id, value, expireAtMs }: LedgerDocument): Promise<CasResult> {
    const json = JSON.stringify(value);
    return this.#host.write(() => {
      const condition = [kind, id, revision, this.#host.clock.nowMs()];
      const row = this.#host.statement(UPDATE).get(expireAtMs, json, ...condition);
      return row === undefined ? { swapped: false } : { swapped: true, revision: `${row.seq}.${row.version}` };
    });
  }

  async documents(
    kind: string,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<DocumentPage> {
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : seqOf(cursor);
    const nowMs = this.#host.clock.nowMs();
    const rows = this.#host.read(() => this.#host.statement(LIST).all(kind, before, nowMs, limit + 1));
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    const more = rows.length > page.length && last !== undefined;
    return { items: page.map(documentOf), nextCursor: more ? cursorAfter(Number(last.seq)) : null };
  }

  #read(kind: string, id: string): StoredDocument | null {
    const nowMs = this.#host.clock.nowMs();
    const row = this.#host.statement(SELECT).get(kind, id, nowMs);
    return row === undefined ? null : { document: documentOf(row), revision: `${row.seq}.${row.version}`, nowMs };
  }
}

function documentOf(row: Record<string, SQLOutputValue>): LedgerDocument {
  try {
    return { id: String(row.id), value: JSON.parse(String(row.value)), expireAtMs: Number(row.expire_at_ms) };
  } catch (error) {
    throw new LedgerUnavailable("corrupt", `document ${row.seq} is not JSON`, { cause: error });
  }
}
