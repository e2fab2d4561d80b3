import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { GroupCommit } from "./group-commit.ts";
import type { StoredMessage } from "./message.ts";
import type { Subscription } from "./subscription.ts";
import type { Topic } from "./topic.ts";

const SCHEMA_VERSION = 1;
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS topic (name TEXT PRIMARY KEY, config TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS subscription (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, config TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, data BLOB NOT NULL, attributes TEXT NOT NULL,
    ordering_key TEXT NOT NULL, publish_time_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS delivery (
    subscription INTEGER NOT NULL, message INTEGER NOT NULL, attempts INTEGER NOT NULL, not_before_ms INTEGER NOT NULL,
    PRIMARY KEY (subscription, message)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS delivery_by_message ON delivery (message);
`;

/** A delivery as it was left by the process before. */
export interface StoredDelivery {
  readonly messageId: number;
  readonly orderingKey: string;
  readonly publishTimeMs: number;
  readonly attempts: number;
  /** By the wall clock. */
  readonly notBeforeMs: number;
}

/**
 * The tables, and nothing about what they mean. Reads answer at once; writes belong inside `group.commit` or
 * `group.defer`. One process per file: the lock is held until close, or until the process dies.
 */
export class Store {
  readonly group: GroupCommit;
  readonly #database: DatabaseSync;
  readonly #statements: ReturnType<typeof prepare>;

  /** `path` is a file, made with its folder if it is not there, or ":memory:". */
  constructor(path: string) {
    if (path !== ":memory:") createPrivate(path);
    this.#database = new DatabaseSync(path);
    lock(this.#database, path);
    this.#migrate(path);
    this.group = new GroupCommit(this.#database);
    this.#statements = prepare(this.#database);
  }

  #migrate(path: string): void {
    const version = this.#database.prepare("PRAGMA user_version").get()?.user_version;
    if (version === 0) this.#database.exec(`${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION};`);
    else if (version !== SCHEMA_VERSION) {
      this.#database.close();
      throw new Error(
        `${path} was written by another version of the embedded Pub/Sub (${version}, not ${SCHEMA_VERSION})`,
      );
    }
  }

  topics(): Topic[] {
    return this.#statements.topics.all().map((row) => JSON.parse(text(row.config)));
  }

  subscriptions(): { readonly id: number; readonly config: Subscription }[] {
    const rows = this.#statements.subscriptions.all();
    return rows.map((row) => ({ id: integer(row.id), config: JSON.parse(text(row.config)) }));
  }

  /** In publish order. */
  deliveries(subscription: number): StoredDelivery[] {
    return this.#statements.deliveries.all(subscription).map((row) => ({
      messageId: integer(row.message),
      orderingKey: text(row.ordering_key),
      publishTimeMs: integer(row.publish_time_ms),
      attempts: integer(row.attempts),
      notBeforeMs: integer(row.not_before_ms),
    }));
  }

  message(id: number): StoredMessage | undefined {
    const row = this.#statements.message.get(id);
    if (row === undefined) return undefined;
    return {
      id,
      data: bytes(row.data),
      attributes: JSON.parse(text(row.attributes)),
      orderingKey: text(row.ordering_key),
      publishTimeMs: integer(row.publish_time_ms),
    };
  }

  /** Messages of a topic published at or after a time, wanted or kept, in publish order. */
  messagesSince(topic: string, publishTimeMs: number): Omit<StoredDelivery, "attempts" | "notBeforeMs">[] {
    return this.#statements.messagesSince.all(topic, publishTimeMs).map((row) => ({
      messageId: integer(row.id),
      orderingKey: text(row.ordering_key),
      publishTimeMs: integer(row.publish_time_ms),
    }));
  }

  /** The highest message id ever used, 0 for a new store. */
  lastMessageId(): number {
    const row = this.#statements.lastMessageId.get();
    return row === undefined ? 0 : integer(row.seq);
  }

  putTopic(topic: Topic): void {
    this.#statements.putTopic.run(topic.name, JSON.stringify(topic));
  }

  /** Also drops the topic's messages that no subscription is waiting for. */
  deleteTopic(name: string): void {
    this.#statements.deleteTopic.run(name);
    this.#statements.dropUnwanted.run(name, Number.MAX_SAFE_INTEGER);
  }

  insertSubscription(id: number, config: Subscription): void {
    this.#statements.insertSubscription.run(id, config.name, JSON.stringify(config));
  }

  updateSubscription(id: number, config: Subscription): void {
    this.#statements.updateSubscription.run(JSON.stringify(config), id);
  }

  deleteSubscription(id: number): void {
    this.#statements.deleteDeliveries.run(id);
    this.#statements.deleteSubscription.run(id);
  }

  insertMessage(topic: string, message: StoredMessage): void {
    const { id, data, attributes, orderingKey, publishTimeMs } = message;
    this.#statements.insertMessage.run(id, topic, data, JSON.stringify(attributes), orderingKey, publishTimeMs);
  }

  insertDelivery(subscription: number, messageId: number): void {
    this.#statements.insertDelivery.run(subscription, messageId);
  }

  updateDelivery(subscription: number, messageId: number, attempts: number, notBeforeMs: number): void {
    this.#statements.updateDelivery.run(attempts, notBeforeMs, subscription, messageId);
  }

  /** Drops the message too if nobody else waits for it and `keepMessage` is false. */
  deleteDelivery(subscription: number, messageId: number, keepMessage: boolean): void {
    this.#statements.deleteDelivery.run(subscription, messageId);
    if (!keepMessage) this.#statements.deleteIfUnwanted.run(messageId);
  }

  /** Drops a topic's messages published before a time that no subscription is waiting for. */
  dropUnwanted(topic: string, publishedBeforeMs: number): void {
    this.#statements.dropUnwanted.run(topic, publishedBeforeMs);
  }

  close(): void {
    this.group.flush();
    this.#database.close();
  }
}

/** Messages are private: only the user who runs this may read them. SQLite gives its side files the same mode. */
function createPrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, "a", 0o600));
}

function lock(database: DatabaseSync, path: string): void {
  try {
    database.exec(
      "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; BEGIN IMMEDIATE; COMMIT;",
    );
  } catch (error) {
    database.close();
    throw new Error(`${path} cannot be opened; another process may be using it`, { cause: error });
  }
}

function prepare(database: DatabaseSync) {
  return {
    topics: database.prepare("SELECT config FROM topic ORDER BY name"),
    subscriptions: database.prepare("SELECT id, config FROM subscription ORDER BY id"),
    deliveries: database.prepare(`
      SELECT d.message, d.attempts, d.not_before_ms, m.ordering_key, m.publish_time_ms
      FROM delivery d JOIN message m ON m.id = d.message WHERE d.subscription = ? ORDER BY d.message`),
    message: database.prepare("SELECT data, attributes, ordering_key, publish_time_ms FROM message WHERE id = ?"),
    messagesSince: database.prepare(
      "SELECT id, ordering_key, publish_time_ms FROM message WHERE topic = ? AND publish_time_ms >= ? ORDER BY id",
    ),
    lastMessageId: database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'message'"),
    putTopic: database.prepare(
      "INSERT INTO topic VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET config = excluded.config",
    ),
    deleteTopic: database.prepare("DELETE FROM topic WHERE name = ?"),
    insertSubscription: database.prepare("INSERT INTO subscription VALUES (?, ?, ?)"),
    updateSubscription: database.prepare("UPDATE subscription SET config = ? WHERE id = ?"),
    deleteSubscription: database.prepare("DELETE FROM subscription WHERE id = ?"),
    deleteDeliveries: database.prepare("DELETE FROM delivery WHERE subscription = ?"),
    insertMessage: database.prepare("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)"),
    insertDelivery: database.prepare("INSERT OR IGNORE INTO delivery VALUES (?, ?, 0, 0)"),
    updateDelivery: database.prepare(
      "UPDATE delivery SET attempts = ?, not_before_ms = ? WHERE subscription = ? AND message = ?",
    ),
    deleteDelivery: database.prepare("DELETE FROM delivery WHERE subscription = ? AND message = ?"),
    deleteIfUnwanted: database.prepare(
      "DELETE FROM message WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = ?1)",
    ),
    dropUnwanted: database.prepare(`
      DELETE FROM message WHERE topic = ? AND publish_time_ms < ?
      AND NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.message = message.id)`),
  };
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("the store holds no text where text belongs");
  return value;
}

function integer(value: unknown): number {
  if (typeof value !== "number") throw new TypeError("the store holds no integer where an integer belongs");
  return value;
}

function bytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new TypeError("the store holds no bytes where bytes belong");
  return value;
}
