/** One call to Gmail that waits for its turn. */
export interface Turn {
  readonly mailbox: string;
  /**
   * First come, first served within a line, and the lines of a mailbox take turns; null is the line of requests that come
   * alone, which are never left to wait for the minute that a batch has used up.
   */
  readonly line: string | null;
  /** What the call costs of Gmail's quota. */
  readonly units: number;
  /** Gmail has refused it before: it goes to the head of its line. */
  readonly isAgain?: boolean;
}

/** What Gmail refused a call for, and how long it wants to be left alone if it said so. */
export interface Refusal {
  readonly limit: "rate" | "concurrency";
  readonly retryAfterMs: number | undefined;
}

/**
 * Leave to make one call, which counts as under way until it is settled. Only the first settling counts; where there is
 * none it ends as unused.
 */
export interface Admission extends Disposable {
  /** Gmail took the call. */
  served(): void;
  refused(refusal: Refusal): void;
  /** A call was made that tells nothing of the speed: it failed otherwise, or nobody knows what became of it. */
  spent(): void;
  /** No call was made. */
  unused(): void;
}

/** Of a call that needs no leave. */
export const NO_ADMISSION: Admission = { served() {}, refused() {}, spent() {}, unused() {}, [Symbol.dispose]() {} };

/** Waits for leave to make one call that costs so much. */
export type Admit = (units: number) => Promise<Admission>;

/** Keeps each mailbox below the speed that Gmail refuses. One mailbox's wait never delays another's. */
export interface Pacer {
  /**
   * Waits until the mailbox may be called. Rejects with the signal's reason as soon as it aborts, and with GMAIL_THROTTLED
   * where whoever waits had better come again than wait here.
   */
  admit(turn: Turn, signal: AbortSignal): Promise<Admission>;
  /** Counts a call that did not wait for its turn: whoever waits for the mailbox waits the longer for it. */
  spend(mailbox: string, units: number): void;
}
