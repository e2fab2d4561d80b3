import { setTimeout as delay } from "node:timers/promises";
import type { GoogleAccess } from "../google-access.ts";
import { GrpcChannel } from "./grpc-channel.ts";
import { GrpcFailed, type GrpcStatus } from "./grpc-status.ts";
import { bytesOf, decodePublished, encodePublish } from "./publish-frame.ts";
import type { OutgoingMessage } from "./topic-publisher.ts";

const PATH = "/google.pubsub.v1.Publisher/Publish";
/** After these Google's own client publishes once more (@google-cloud/pubsub-api 0.3.0, publisher_client_config.json). */
const REPEATED: ReadonlySet<GrpcStatus> = new Set<GrpcStatus>([
  "CANCELLED",
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "RESOURCE_EXHAUSTED",
  "ABORTED",
  "INTERNAL",
  "UNAVAILABLE",
]);
const FIRST_PAUSE_MS = 100;
const PAUSE_GROWTH = 1.5;
const LONGEST_PAUSE_MS = 1_000;

export interface PublishClientOptions {
  readonly origin: string;
  /** A name in the credentials' project, or a full one. */
  readonly topic: string;
  readonly timeoutMs: number;
  /** Called once. */
  readonly openAccess: () => Promise<GoogleAccess>;
}

/**
 * The one method of Pub/Sub that a publisher needs, over a connection of its own: through grpc-js and google-gax a publish takes two and a
 * half times the processor time (measured). A try that fails is repeated within the time, each for half of `timeoutMs` at most.
 */
export class PublishClient {
  readonly #options: PublishClientOptions;
  readonly #channel: GrpcChannel;
  #access: Promise<GoogleAccess> | null = null;
  #topic: { readonly name: string; readonly params: string } | null = null;

  constructor(options: PublishClientOptions) {
    this.#options = options;
    this.#channel = new GrpcChannel(options.origin);
  }

  /** Loads what credentials need. */
  open(): Promise<GoogleAccess> {
    this.#access ??= this.#options.openAccess();
    return this.#access;
  }

  /** The messageIds, in the messages' order. All of them must have the same ordering key. Rejects with `GrpcFailed`. */
  async publish(
    messages: readonly OutgoingMessage[],
    sizes: readonly number[] = messages.map(bytesOf),
    withinMs = this.#options.timeoutMs,
  ): Promise<readonly string[]> {
    const untilMs = performance.now() + withinMs;
    const tryMs = Math.ceil(this.#options.timeoutMs / 2);
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * PAUSE_GROWTH, LONGEST_PAUSE_MS)) {
      try {
        return await this.#tryOnce(messages, sizes, Math.min(tryMs, Math.ceil(untilMs - performance.now())));
      } catch (error) {
        const isRepeated = error instanceof GrpcFailed && REPEATED.has(error.status);
        if (!isRepeated || performance.now() + pauseMs >= untilMs) throw error;
      }
      await delay(pauseMs);
    }
  }

  close(): void {
    this.#channel.close();
  }

  async #tryOnce(
    messages: readonly OutgoingMessage[],
    sizes: readonly number[],
    timeoutMs: number,
  ): Promise<readonly string[]> {
    const access = await this.open();
    const { topic, headers } = await this.#address(access);
    const frame = encodePublish(topic.name, messages, sizes);
    try {
      return decodePublished(await this.#channel.call({ path: PATH, headers, frame, timeoutMs }));
    } catch (error) {
      if (error instanceof GrpcFailed && error.status === "UNAUTHENTICATED") access.forget();
      throw error;
    }
  }

  async #address(access: GoogleAccess) {
    try {
      this.#topic ??= await this.#named(access);
      const topic = this.#topic;
      const headers = ["x-goog-request-params", topic.params];
      for (const [name, value] of await access.headers()) headers.push(name, value);
      return { topic, headers };
    } catch (error) {
      // A metadata server that does not answer is as good as a Pub/Sub that does not.
      throw new GrpcFailed("UNAVAILABLE", error instanceof Error ? error.message : "no credentials", { cause: error });
    }
  }

  async #named(access: GoogleAccess) {
    const { topic } = this.#options;
    const name = topic.startsWith("projects/") ? topic : `projects/${await access.project()}/topics/${topic}`;
    return { name, params: `topic=${encodeURIComponent(name)}` };
  }
}
