import type { DatabaseSync } from "node:sqlite";

/** How long a write that nobody waits for may be put off: a crash within it repeats a delivery, which is allowed. */
const DEFERRED_MS = 20;

interface Write {
  readonly run: () => void;
  readonly done: (failure?: Error) => void;
}

/**
 * Puts the writes of concurrent callers into one transaction, so that they share one fsync. Writes run in the order they
 * came; a failed transaction fails all of them. It lives on real time: it is about the disk, not about the product.
 */
export class GroupCommit {
  readonly #database: DatabaseSync;
  #writes: Write[] = [];
  #soon: NodeJS.Immediate | undefined;
  #later: NodeJS.Timeout | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Resolves once the write is on disk, with what `afterCommit` makes, which runs in the same turn as the commit. */
  commit<T>(write: () => void, afterCommit: () => T): Promise<T> {
    this.#soon ??= setImmediate(() => this.flush());
    return new Promise((resolve, reject) => {
      this.#writes.push({
        run: write,
        done: (failure) => {
          if (failure === undefined) resolve(afterCommit());
          else reject(failure);
        },
      });
    });
  }

  /** A write that may be lost in a crash. */
  defer(write: () => void): void {
    this.#later ??= setTimeout(() => this.flush(), DEFERRED_MS);
    this.#writes.push({ run: write, done: () => undefined });
  }

  flush(): void {
    clearImmediate(this.#soon);
    clearTimeout(this.#later);
    this.#soon = undefined;
    this.#later = undefined;
    const writes = this.#writes;
    this.#writes = [];
    if (writes.length === 0) return;
    const failure = this.#transact(writes);
    for (const write of writes) write.done(failure);
  }

  #transact(writes: readonly Write[]): Error | undefined {
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      for (const write of writes) write.run();
      this.#database.exec("COMMIT");
      return undefined;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}
