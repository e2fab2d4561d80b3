import type { Operation } from "./operation.ts";

/** One call as it was answered. Never a body or a token. */
export interface Call {
  readonly timeMs: number;
  readonly operation: Operation;
  /** Whom it acted for, in lower case; none where the operation knows no user. */
  readonly mailbox: string | undefined;
  /** The HTTP status, or 0 where the connection was cut instead of an answer. */
  readonly status: number;
}

/** What this Google was asked, oldest first; the newest 100,000 calls are kept, the counts are of those. */
export interface CallLog {
  /** How many calls of one operation were answered, whatever the status; of one mailbox where given. */
  count(operation: Operation, mailbox?: string): number;
  list(): readonly Call[];
  clear(): void;
}

const KEPT_CALLS = 100_000;

export class RecordedCalls implements CallLog {
  #calls: Call[] = [];

  record(call: Call): void {
    this.#calls.push(call);
    // Halved rather than shifted: one copy in 100,000 calls.
    if (this.#calls.length >= 2 * KEPT_CALLS) this.#calls = this.#calls.slice(-KEPT_CALLS);
  }

  count(operation: Operation, mailbox?: string): number {
    const wanted = mailbox?.toLowerCase();
    let count = 0;
    for (const call of this.list()) {
      if (call.operation === operation && (wanted === undefined || call.mailbox === wanted)) count += 1;
    }
    return count;
  }

  list(): readonly Call[] {
    return this.#calls.slice(-KEPT_CALLS);
  }

  clear(): void {
    this.#calls = [];
  }
}
