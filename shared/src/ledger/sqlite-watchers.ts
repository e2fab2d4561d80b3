import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Stored } from "./ledger.ts";

/** How soon a change by another process is seen, at the latest. */
const POLL_MS = 25;

/** Looks a record up, giving null if its revision is still `known`; must be cheap then. */
export type ReadIfChanged = (id: string, known: string | null) => Stored | null;

/**
 * Tells watchers when to look again: at once after a commit of this connection, and after one of any other connection as
 * soon as `PRAGMA data_version` shows it (https://www.sqlite.org/pragma.html#pragma_data_version), which is asked only
 * while somebody watches.
 */
export class SqliteWatchers {
  readonly #dataVersionNow: StatementSync;
  readonly #read: ReadIfChanged;
  readonly #waiting = new Map<string, Set<() => void>>();
  #watching = 0;
  #closed = false;
  #dataVersion: unknown;
  #poll: NodeJS.Timeout | undefined;

  constructor(db: DatabaseSync, read: ReadIfChanged) {
    this.#dataVersionNow = db.prepare("PRAGMA data_version");
    this.#read = read;
  }

  async *watch(id: string, signal: AbortSignal): AsyncGenerator<Stored> {
    this.#start();
    try {
      let known: string | null = null;
      while (!signal.aborted && !this.#closed) {
        const stored = this.#read(id, known);
        // Nothing may be awaited between this look and the wait, or a change in between would go unseen.
        if (stored === null) await this.#change(id, signal);
        else {
          known = stored.revision;
          yield stored;
        }
      }
    } finally {
      this.#stop();
    }
  }

  /** This connection has written the record. */
  wake(id: string): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
  }

  /** Ends every watch. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#poll);
    this.#wakeAll();
  }

  #start(): void {
    if (this.#watching++ > 0 || this.#closed) return;
    this.#dataVersion = this.#readDataVersion();
    // Real time even under a manual clock: the other process lives in real time.
    this.#poll = setInterval(() => {
      const version = this.#readDataVersion();
      if (version !== undefined && version === this.#dataVersion) return;
      this.#dataVersion = version;
      this.#wakeAll();
    }, POLL_MS);
  }

  #stop(): void {
    if (--this.#watching === 0) clearInterval(this.#poll);
  }

  /** Undefined when it cannot be read: the watchers then look for themselves, and fail in their own names. */
  #readDataVersion(): unknown {
    try {
      return this.#dataVersionNow.get()?.data_version;
    } catch {
      return undefined;
    }
  }

  #wakeAll(): void {
    for (const id of [...this.#waiting.keys()]) this.wake(id);
  }

  #change(id: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    const wake = () => {
      waiting.delete(wake);
      if (waiting.size === 0) this.#waiting.delete(id);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    waiting.add(wake);
    signal.addEventListener("abort", wake, { once: true });
    return promise;
  }
}
