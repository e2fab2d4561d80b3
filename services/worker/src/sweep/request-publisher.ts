import type { EncodedMessage } from "@draftmill/shared/contract/draft-message.ts";

/** Where requests are published once more. Resolves once the topic has acknowledged; rejects within ten seconds otherwise. */
export interface RequestPublisher {
  publish(message: EncodedMessage): Promise<void>;
  /** Sends what is queued and closes the connection. */
  close(): Promise<void>;
}
