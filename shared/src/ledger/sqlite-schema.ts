import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { LedgerUnavailable } from "./ledger.ts";
import { recipientHash } from "./recipients.ts";
import { toLedgerError } from "./sqlite-error.ts";

/**
 * Each entry takes a database one `user_version` further; entries are added, never changed.
 *
 * The columns beside the record are what lists and counts look for. `seq` is the order of creation and, being the row id,
 * the last column of every index: a list is a walk along one index with no sort. AUTOINCREMENT keeps numbers of removed
 * rows from being given again, so that `seq` and `version` together never name two writes.
 */
const MIGRATIONS = [
  `CREATE TABLE draft (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     id TEXT NOT NULL UNIQUE,
     version INTEGER NOT NULL,
     state TEXT NOT NULL,
     mailbox TEXT NOT NULL,
     batch TEXT,
     code TEXT,
     expire_at_ms INTEGER NOT NULL,
     record TEXT NOT NULL
   ) STRICT;
   CREATE INDEX draft_state ON draft (state);
   CREATE INDEX draft_mailbox ON draft (mailbox);
   CREATE INDEX draft_mailbox_state ON draft (mailbox, state);
   CREATE INDEX draft_batch ON draft (batch) WHERE batch IS NOT NULL;
   CREATE INDEX draft_batch_state ON draft (batch, state) WHERE batch IS NOT NULL;
   CREATE INDEX draft_batch_mailbox_state ON draft (batch, mailbox, state) WHERE batch IS NOT NULL;
   CREATE INDEX draft_code ON draft (code) WHERE code IS NOT NULL;
   CREATE INDEX draft_expiry ON draft (expire_at_ms);`,
  `ALTER TABLE draft ADD COLUMN due_at_ms INTEGER;
   UPDATE draft SET record = json_set(record, '$.generation', 0, '$.dueAtMs', NULL, '$.looks', 0);
   CREATE INDEX draft_due ON draft (due_at_ms) WHERE due_at_ms IS NOT NULL;
   CREATE INDEX draft_failure ON draft (code, mailbox, state, expire_at_ms)
     WHERE state IN ('failed', 'parked', 'dead');
   CREATE TABLE document (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     kind TEXT NOT NULL,
     id TEXT NOT NULL,
     version INTEGER NOT NULL,
     expire_at_ms INTEGER NOT NULL,
     value TEXT NOT NULL,
     UNIQUE (kind, id)
   ) STRICT;
   CREATE INDEX document_kind ON document (kind);
   CREATE INDEX document_expiry ON document (expire_at_ms);`,
  `UPDATE draft SET record = json_set(record, '$.bodyParts', NULL, '$.replayedBy', NULL);`,
  `UPDATE draft SET record = json_set(record, '$.notBeforeMs', NULL);
   CREATE TABLE draft_recipient (
     seq INTEGER NOT NULL,
     hash TEXT NOT NULL,
     PRIMARY KEY (seq, hash)
   ) STRICT, WITHOUT ROWID;
   INSERT INTO draft_recipient SELECT DISTINCT draft.seq, recipient_hash(recipient.value)
     FROM draft, json_each(draft.record, '$.to') AS recipient;
   CREATE INDEX draft_recipient_hash ON draft_recipient (hash, seq);
   CREATE TRIGGER draft_recipient_end AFTER DELETE ON draft BEGIN
     DELETE FROM draft_recipient WHERE seq = OLD.seq;
   END;`,
  `CREATE INDEX draft_batch_code ON draft (batch, code, state) WHERE batch IS NOT NULL AND code IS NOT NULL;`,
];

/** Two processes may open, and migrate, one file at the same time: long enough for one to wait for the other. */
const OPEN_TIMEOUT_MS = 5_000;
const OPEN_RETRY_MS = 5;

/**
 * A lock is waited for in SQLite, with the event loop stopped, no longer than this: several times a transaction of
 * ours. Longer waits are for the caller to arrange.
 */
const LOCK_WAIT_MS = 25;

/** What is moved from the log into the file at a time: of 16 MB a page that many writes touch goes once, where of SQLite's own 4 MB it goes again and again. */
const WAL_PAGES = 4_000;

/**
 * Opens the file, with its folder if need be, readable by its owner alone, at the newest schema. WAL, so that readers
 * and the writer do not wait for each other; `synchronous=FULL`, so that an answered write survives a power cut
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 * @throws LedgerUnavailable naming the path
 */
export function openSqliteDatabase(path: string): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    // SQLite gives its -wal and -shm files the permissions of the database.
    closeSync(openSync(path, "a", 0o600));
    db = new DatabaseSync(path, { timeout: OPEN_TIMEOUT_MS });
    switchToWal(db);
    db.exec("PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 67108864");
    db.exec(`PRAGMA wal_autocheckpoint = ${WAL_PAGES}`);
    db.function("recipient_hash", { deterministic: true }, (address) => recipientHash(String(address)));
    migrate(db);
    db.exec(`PRAGMA busy_timeout = ${LOCK_WAIT_MS}`);
    return db;
  } catch (error) {
    db?.close();
    const failure = toLedgerError(error);
    const reason = failure instanceof LedgerUnavailable ? failure.reason : "io";
    const detail = error instanceof Error ? error.message : "unknown";
    throw new LedgerUnavailable(reason, `cannot open ${path}: ${detail}`, { cause: error });
  }
}

/**
 * Of two processes that open a new file at once one finds it locked, and for this one statement SQLite does not wait,
 * whatever its busy timeout (https://www.sqlite.org/c3ref/busy_handler.html: it would risk a deadlock).
 */
function switchToWal(db: DatabaseSync): void {
  const giveUpMs = performance.now() + OPEN_TIMEOUT_MS;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      db.exec("PRAGMA journal_mode = WAL");
      return;
    } catch (error) {
      const failure = toLedgerError(error);
      const isBusy = failure instanceof LedgerUnavailable && failure.reason === "busy";
      if (!isBusy || performance.now() > giveUpMs) throw error;
      Atomics.wait(pause, 0, 0, OPEN_RETRY_MS);
    }
  }
}

function migrate(db: DatabaseSync): void {
  if (schemaVersion(db) === MIGRATIONS.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    // Read again under the lock: another process may have been faster.
    const version = schemaVersion(db);
    if (version > MIGRATIONS.length)
      throw new Error(`its schema is ${version}, this release knows ${MIGRATIONS.length}; a newer release wrote it`);
    for (const step of MIGRATIONS.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version);
}
