import { randomBytes } from "node:crypto";
import type { DatabaseSync, SQLOutputValue, StatementSync } from "node:sqlite";
import type { Clock } from "@draftmill/shared/clock.ts";

/** A draft without its message, which may have megabytes. */
export interface DraftEntry {
  readonly mailbox: string;
  /** "r" and a number; stays for the draft's life. */
  readonly id: string;
  /** 16 hex digits; another one after each update. */
  readonly messageId: string;
  readonly threadId: string;
  /** The Message-ID header that was assigned, with its angle brackets. */
  readonly rfc822MessageId: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Grows with every change of any mailbox: Gmail's historyId, and the order of a list. */
  readonly revision: number;
}

/** A draft as it lies in the mailbox. */
export interface StoredDraft extends DraftEntry {
  /** The whole message as saved, CRLF line ends. */
  readonly raw: Buffer;
}

export interface DraftContent {
  readonly raw: Buffer;
  readonly rfc822MessageId: string;
  readonly threadId?: string | undefined;
}

export interface MailboxSummary {
  readonly mailbox: string;
  readonly drafts: number;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS drafts (
    mailbox TEXT NOT NULL, id TEXT NOT NULL, message_id TEXT NOT NULL, thread_id TEXT NOT NULL,
    rfc822_message_id TEXT NOT NULL,
    created_at_ms INTEGER NOT NULL, updated_at_ms INTEGER NOT NULL, revision INTEGER NOT NULL,
    -- Last, so that what stands before it is read without it.
    raw BLOB NOT NULL,
    PRIMARY KEY (mailbox, id)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS drafts_newest ON drafts (mailbox, revision DESC);
  CREATE INDEX IF NOT EXISTS drafts_recent ON drafts (revision DESC);
  CREATE TABLE IF NOT EXISTS threads (
    mailbox TEXT NOT NULL, id TEXT NOT NULL, subject TEXT NOT NULL, PRIMARY KEY (mailbox, id)
  ) STRICT;
`;

const ENTRY = "mailbox, id, message_id, thread_id, rfc822_message_id, created_at_ms, updated_at_ms, revision";

/** The mailboxes' drafts. Whoever changes one hears of it through `onChange`. */
export class DraftStore {
  readonly #db: DatabaseSync;
  readonly #clock: Clock;
  readonly #statements = new Map<string, StatementSync>();
  readonly #listeners = new Set<(mailbox: string) => void>();
  #revision: number;

  constructor(db: DatabaseSync, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
    db.exec(SCHEMA);
    const row = this.#prepared("SELECT coalesce(max(revision), 1000) AS newest FROM drafts").get();
    this.#revision = Number(row?.newest ?? 1000);
  }

  create(mailbox: string, content: DraftContent): StoredDraft {
    const nowMs = this.#clock.nowMs();
    const messageId = newMessageId(nowMs);
    const draft: StoredDraft = {
      mailbox,
      id: `r${randomBytes(8).readBigInt64BE()}`,
      messageId,
      // A draft that belongs to no thread starts one, named for its first message.
      threadId: content.threadId ?? messageId,
      rfc822MessageId: content.rfc822MessageId,
      raw: content.raw,
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      revision: this.#nextRevision(),
    };
    this.#prepared(`INSERT INTO drafts (${ENTRY}, raw) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
      draft.mailbox,
      draft.id,
      draft.messageId,
      draft.threadId,
      draft.rfc822MessageId,
      draft.createdAtMs,
      draft.updatedAtMs,
      draft.revision,
      draft.raw,
    );
    this.#changed(mailbox);
    return draft;
  }

  /** Replaces the content; the id stays, the message gets a new one. Undefined where there is no such draft. */
  update(mailbox: string, id: string, content: DraftContent): StoredDraft | undefined {
    const nowMs = this.#clock.nowMs();
    const updated = this.#prepared(
      "UPDATE drafts SET message_id = ?, thread_id = coalesce(?, thread_id), rfc822_message_id = ?, raw = ?, updated_at_ms = ?, revision = ? WHERE mailbox = ? AND id = ?",
    ).run(
      newMessageId(nowMs),
      content.threadId ?? null,
      content.rfc822MessageId,
      content.raw,
      nowMs,
      this.#nextRevision(),
      mailbox,
      id,
    );
    if (updated.changes === 0) return undefined;
    this.#changed(mailbox);
    return this.find(mailbox, id);
  }

  /** False where there is no such draft. */
  delete(mailbox: string, id: string): boolean {
    const deleted = this.#prepared("DELETE FROM drafts WHERE mailbox = ? AND id = ?").run(mailbox, id).changes > 0;
    if (deleted) this.#changed(mailbox);
    return deleted;
  }

  find(mailbox: string, id: string): StoredDraft | undefined {
    const row = this.#prepared("SELECT * FROM drafts WHERE mailbox = ? AND id = ?").get(mailbox, id);
    return row === undefined ? undefined : draftOf(row);
  }

  findByRfc822MessageId(mailbox: string, rfc822MessageId: string): readonly StoredDraft[] {
    return this.#prepared("SELECT * FROM drafts WHERE mailbox = ? AND rfc822_message_id = ? ORDER BY revision DESC")
      .all(mailbox, rfc822MessageId)
      .map(draftOf);
  }

  /** Newest first; only those older than `before`, and made until `untilMs`, where given. */
  list(
    mailbox: string,
    limit: number,
    { before, untilMs }: { readonly before?: number | undefined; readonly untilMs?: number } = {},
  ): readonly DraftEntry[] {
    return this.#prepared(
      `SELECT ${ENTRY} FROM drafts WHERE mailbox = ? AND revision < ? AND created_at_ms <= ? ORDER BY revision DESC LIMIT ?`,
    )
      .all(mailbox, before ?? Number.MAX_SAFE_INTEGER, untilMs ?? Number.MAX_SAFE_INTEGER, limit)
      .map(entryOf);
  }

  /** Newest first, with their messages. */
  all(mailbox: string): readonly StoredDraft[] {
    return this.#prepared("SELECT * FROM drafts WHERE mailbox = ? ORDER BY revision DESC").all(mailbox).map(draftOf);
  }

  /** Newest first, of all mailboxes. */
  recent(limit: number): readonly DraftEntry[] {
    return this.#prepared(`SELECT ${ENTRY} FROM drafts ORDER BY revision DESC LIMIT ?`).all(limit).map(entryOf);
  }

  count(mailbox: string): number {
    const row = this.#prepared("SELECT count(*) AS drafts FROM drafts WHERE mailbox = ?").get(mailbox);
    return Number(row?.drafts ?? 0);
  }

  /** Every mailbox that holds a draft, by name. */
  mailboxes(): readonly MailboxSummary[] {
    return this.#prepared("SELECT mailbox, count(*) AS drafts FROM drafts GROUP BY mailbox ORDER BY mailbox")
      .all()
      .map((row) => ({ mailbox: String(row.mailbox), drafts: Number(row.drafts) }));
  }

  addThread(mailbox: string, subject: string): string {
    const id = newMessageId(this.#clock.nowMs());
    this.#prepared("INSERT INTO threads VALUES (?, ?, ?)").run(mailbox, id, subject);
    return id;
  }

  hasThread(mailbox: string, threadId: string): boolean {
    const found = this.#prepared(
      "SELECT 1 FROM threads WHERE mailbox = :mailbox AND id = :id UNION SELECT 1 FROM drafts WHERE mailbox = :mailbox AND thread_id = :id",
    ).get({ mailbox, id: threadId });
    return found !== undefined;
  }

  /** Calls back after each change with the mailbox; the answer ends it. */
  onChange(listener: (mailbox: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(mailbox: string): void {
    for (const listener of this.#listeners) listener(mailbox);
  }

  #nextRevision(): number {
    this.#revision += 1;
    return this.#revision;
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

/** Like Gmail's: the time in the upper bits, so that ids sort by age, and chance below. */
function newMessageId(nowMs: number): string {
  const id = (BigInt(Math.floor(nowMs)) << 20n) | BigInt(randomBytes(4).readUInt32BE() & 0xfffff);
  return id.toString(16).padStart(16, "0");
}

function draftOf(row: Record<string, SQLOutputValue>): StoredDraft {
  const raw = row.raw;
  if (!(raw instanceof Uint8Array)) throw new Error("a stored draft has no message");
  return { ...entryOf(row), raw: Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength) };
}

function entryOf(row: Record<string, SQLOutputValue>): DraftEntry {
  return {
    mailbox: String(row.mailbox),
    id: String(row.id),
    messageId: String(row.message_id),
    threadId: String(row.thread_id),
    rfc822MessageId: String(row.rfc822_message_id),
    createdAtMs: Number(row.created_at_ms),
    updatedAtMs: Number(row.updated_at_ms),
    revision: Number(row.revision),
  };
}
