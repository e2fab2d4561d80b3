import type { DatabaseSync } from "node:sqlite";
import { LedgerUnavailable } from "./ledger.ts";
import { toLedgerError } from "./sqlite-error.ts";

/** The most writes that share one transaction: bounds how long the event loop stops, to some 15 ms (measured). */
const MAX_GROUP = 256;

/**
 * How long writes gather before their group goes, be the turn of the event loop over or not. A turn in which many requests come in
 * takes as long as all of them do: answered at its end alone, their calls would leave together, come back together and be written
 * together for ever, and the processor would idle in between (measured: 80 at a time, of 150 ms each, took 230).
 */
const GATHER_MS = 5;
/** And so many times longer than the last group took to be written: on a slow disk a fifth of the time goes to it, and not all of it. */
const GATHER_PER_COMMIT = 4;

/** Pause between two tries for the lock; each try waits a little itself. */
const LOCK_RETRY_MS = 5;

interface PendingWrite {
  readonly startedMs: number;
  /** Performs the write inside the open transaction; returns how to answer once it is committed. */
  readonly perform: () => () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Carries out writes in the order they came, those of a turn of the event loop, or of some milliseconds of a long one, in one
 * transaction: the flush to disk, which is nearly all that a write costs, is shared. Each caller is answered after the
 * commit, with its own result; when the commit fails none of the group has happened and each is told so.
 */
export class SqliteWrites {
  readonly #db: DatabaseSync;
  readonly #beforeCommit: () => void;
  readonly #lockDeadlineMs: number;
  #pending: PendingWrite[] = [];
  #gatherMs = GATHER_MS;
  #turnEnd: NodeJS.Immediate | null = null;
  /** Set while another process holds the lock: nothing is won by trying sooner. */
  #retry: NodeJS.Timeout | null = null;

  constructor(
    db: DatabaseSync,
    options: {
      /** Runs in each transaction, after its writes. */
      readonly beforeCommit: () => void;
      /** How long a write waits for another process to give up the lock. */
      readonly lockDeadlineMs: number;
    },
  ) {
    this.#db = db;
    this.#beforeCommit = options.beforeCommit;
    this.#lockDeadlineMs = options.lockDeadlineMs;
  }

  /** Resolves with what `work` returned, once that is on disk. `work` must leave nothing behind but its statements. */
  write<T>(work: () => T): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const perform = () => {
      try {
        const result = work();
        return () => resolve(result);
      } catch (error) {
        // What `work` itself found wrong, as opposed to SQLite, concerns no other write of the group.
        if (error instanceof LedgerUnavailable) return () => reject(error);
        throw error;
      }
    };
    // Real time even under a manual clock: the process that holds the lock lives in real time.
    const nowMs = performance.now();
    this.#pending.push({ startedMs: nowMs, perform, reject });
    const gatheredMs = nowMs - (this.#pending[0]?.startedMs ?? nowMs);
    if (gatheredMs >= this.#gatherMs && this.#retry === null) this.#flush();
    else this.#schedule();
    return promise;
  }

  /** Carries out what waits, now; what cannot be carried out is rejected. Nothing waits afterwards. */
  drain(): void {
    while (this.#pending.length > 0) {
      const group = this.#pending.splice(0, MAX_GROUP);
      const failure = this.#commit(group);
      if (failure !== null) rejectAll(group, failure.error);
    }
  }

  #schedule(): void {
    if (this.#turnEnd !== null || this.#retry !== null || this.#pending.length === 0) return;
    this.#turnEnd = setImmediate(() => this.#flush());
  }

  #scheduleRetry(): void {
    if (this.#pending.length === 0) return;
    this.#retry = setTimeout(() => this.#flush(), LOCK_RETRY_MS);
  }

  #flush(): void {
    if (this.#turnEnd !== null) clearImmediate(this.#turnEnd);
    this.#turnEnd = null;
    this.#retry = null;
    if (this.#pending.length === 0) return;
    const group = this.#pending.splice(0, MAX_GROUP);
    const begunMs = performance.now();
    const failure = this.#commit(group);
    this.#gatherMs = Math.max(GATHER_MS, GATHER_PER_COMMIT * (performance.now() - begunMs));
    if (failure !== null && isBusy(failure.error)) {
      const oldestMs = performance.now() - this.#lockDeadlineMs;
      const late = group.filter(({ startedMs }) => startedMs <= oldestMs);
      rejectAll(late, failure.error);
      this.#pending.unshift(...group.slice(late.length));
      this.#scheduleRetry();
      return;
    }
    if (failure !== null) rejectAll(group, failure.error);
    this.#schedule();
  }

  /** Null once the group is on disk and answered; otherwise none of it has been answered. */
  #commit(group: readonly PendingWrite[]): { readonly error: unknown } | null {
    const answers: (() => void)[] = [];
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      for (const { perform } of group) answers.push(perform());
      this.#beforeCommit();
      this.#db.exec("COMMIT");
    } catch (error) {
      return { error: toLedgerError(this.#rollBack() ?? error) };
    }
    for (const answer of answers) answer();
    return null;
  }

  /** SQLite rolls back by itself after some errors, such as a full disk. Returns what went wrong, if anything did. */
  #rollBack(): unknown {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      return undefined;
    } catch (error) {
      return error;
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof LedgerUnavailable && error.reason === "busy";
}

function rejectAll(group: readonly PendingWrite[], error: unknown): void {
  for (const { reject } of group) reject(error);
}
