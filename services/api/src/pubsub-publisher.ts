import type { Clock } from "@draftmill/shared/clock.ts";
import type { EncodedMessage } from "@draftmill/shared/contract/draft-message.ts";
import { GRPC_STATUS } from "@draftmill/shared/pubsub/grpc-status.ts";
import type { TopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";
import type { Publisher } from "./submit-draft.ts";

/**
 * The longest wait for Pub/Sub. Shorter than the ten seconds that Cloud Run gives an instance to stop
 * (https://cloud.google.com/run/docs/container-contract#instance-shutdown), so that open requests are still answered.
 */
export const PUBLISH_TIMEOUT_MS = 8_000;

/** A run of failures this long makes the instance unready, for as long as the last one is this recent. */
const FAILURES_IN_A_ROW = 3;
const FAILURE_MEMORY_MS = 30_000;

/** A publish that failed, in words that may be logged: the client's own error repeats the ordering key, a mailbox. */
export class PublishFailed extends Error {
  override readonly name = "PublishFailed";

  constructor(error: unknown) {
    const { code, details, message }: { code?: unknown; details?: unknown; message?: unknown } = Object(error);
    const status = typeof code === "number" ? (GRPC_STATUS[code] ?? `status ${code}`) : "no answer";
    const words = [details, message].find((text) => typeof text === "string") ?? "";
    super(
      `${status}: ${String(words)
        .replace(/[^\s"'<>]+/g, (word) => (word.includes("@") ? "(address)" : word))
        .slice(0, 300)}`,
    );
  }
}

/** Publishes requests and remembers how that went, by whichever topic. */
export class PubsubPublisher implements Publisher {
  readonly #topic: Pick<TopicPublisher, "publish" | "publishAll">;
  readonly #clock: Clock;
  #failuresInARow = 0;
  #lastFailureMs = 0;

  constructor(topic: Pick<TopicPublisher, "publish" | "publishAll">, clock: Clock) {
    this.#topic = topic;
    this.#clock = clock;
  }

  publish(message: EncodedMessage): Promise<string> {
    return this.#remembered(this.#topic.publish(message), 1);
  }

  publishAll(messages: readonly EncodedMessage[]): Promise<void> {
    return this.#remembered(this.#topic.publishAll(messages), messages.length);
  }

  /** False in a run of failures; true again a while after the last one, as only new requests can tell that it is over. */
  isHealthy(): boolean {
    if (this.#failuresInARow < FAILURES_IN_A_ROW) return true;
    return this.#clock.monotonicMs() - this.#lastFailureMs > FAILURE_MEMORY_MS;
  }

  /** Each message of a publish that failed is a failure. */
  async #remembered<T>(publishing: Promise<T>, messages: number): Promise<T> {
    try {
      const published = await publishing;
      this.#failuresInARow = 0;
      return published;
    } catch (error) {
      this.#failuresInARow += messages;
      this.#lastFailureMs = this.#clock.monotonicMs();
      throw new PublishFailed(error);
    }
  }
}
