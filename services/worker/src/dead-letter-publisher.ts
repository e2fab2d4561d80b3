import type { DeadLetter } from "@draftmill/shared/contract/dead-letter.ts";

/** Where failed requests go. Resolves once the topic has acknowledged; rejects within ten seconds otherwise. */
export interface DeadLetterPublisher {
  publish(letter: DeadLetter): Promise<void>;
  /** Sends what is queued and closes the connection. */
  close(): Promise<void>;
}
