import type { Clock } from "@draftmill/shared/clock.ts";

/** Keeps each mailbox below the speed that Gmail refuses. One mailbox's wait never delays another's. */
export interface Pacer {
  /** Waits until the mailbox may be called. Rejects with the signal's reason as soon as it aborts. */
  admit(mailbox: string, signal: AbortSignal): Promise<void>;
  /** Gmail refused for speed; nothing is admitted before `retryAfterMs`, if it named a time. */
  refused(mailbox: string, retryAfterMs: number | undefined): void;
  succeeded(mailbox: string): void;
}

/** Google asks for an exponential wait from one second (https://developers.google.com/workspace/gmail/api/guides/handle-errors). */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 64_000;

interface Pause {
  readonly untilMs: number;
  readonly waitMs: number;
}

/** Stops a refused mailbox for a doubling, jittered wait and lets it go on at full speed after a success. */
export function createBackoffPacer(clock: Clock, random: () => number): Pacer {
  const pauses = new Map<string, Pause>();
  return {
    async admit(mailbox, signal) {
      for (;;) {
        signal.throwIfAborted();
        const leftMs = (pauses.get(mailbox)?.untilMs ?? 0) - clock.monotonicMs();
        if (leftMs <= 0) return;
        // Spread over a tenth, so that the requests that wait do not all leave in the same millisecond.
        await clock.sleep(leftMs * (1 + random() / 10), signal);
      }
    },
    refused(mailbox, retryAfterMs) {
      const nowMs = clock.monotonicMs();
      const before = pauses.get(mailbox);
      const stillPaused = before !== undefined && before.untilMs > nowMs;
      // Requests that were in flight together are refused together: they count as one refusal.
      const waitMs = stillPaused
        ? before.waitMs
        : Math.min(LONGEST_WAIT_MS, before === undefined ? FIRST_WAIT_MS : before.waitMs * 2);
      const untilMs = Math.max(before?.untilMs ?? 0, nowMs + Math.max(retryAfterMs ?? 0, stillPaused ? 0 : waitMs));
      pauses.set(mailbox, { untilMs, waitMs });
    },
    succeeded(mailbox) {
      pauses.delete(mailbox);
    },
  };
}
