import { PubSub, type Topic } from "@google-cloud/pubsub";

/** A publisher of one topic: one client, one channel, for the life of the process. */
export interface TopicPublisher {
  /** Resolves with the messageId once Pub/Sub has acknowledged; rejects within `timeoutMs`, outcome then unknown. */
  publish(message: OutgoingMessage): Promise<string>;
  /** Waits for publishes under way, then closes the channel. */
  close(): Promise<void>;
}

export interface OutgoingMessage {
  readonly data: Buffer;
  /** Values, as the ordering key, arrive with a blank between two opening braces. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string | null;
}

export interface TopicPublisherOptions {
  readonly topic: string;
  /** Unset: asked from the metadata server. */
  readonly projectId: string | undefined;
  /** host:port of a Pub/Sub other than Google's. */
  readonly emulatorHost: string | undefined;
  readonly ordered: boolean;
  readonly timeoutMs: number;
}

/** Waiting longer gathers no more from requests that each wait for their own acknowledgement. */
const BATCH_WAIT_MS = 5;

/**
 * Retries within `timeoutMs`: the library's own settings (all of which must be given together) go on for 60 s and
 * quadruple each pause, which is longer than anybody waits for an HTTP answer.
 */
function callSettings(timeoutMs: number) {
  return {
    timeout: timeoutMs,
    retry: {
      backoffSettings: {
        initialRetryDelayMillis: 100,
        retryDelayMultiplier: 1.5,
        maxRetryDelayMillis: 1_000,
        initialRpcTimeoutMillis: timeoutMs / 2,
        rpcTimeoutMultiplier: 1,
        maxRpcTimeoutMillis: timeoutMs / 2,
        totalTimeoutMillis: timeoutMs,
      },
    },
  };
}

export function openTopicPublisher(options: TopicPublisherOptions): TopicPublisher {
  const client = new PubSub({
    ...(options.projectId === undefined ? {} : { projectId: options.projectId }),
    ...(options.emulatorHost === undefined
      ? {}
      : {
          apiEndpoint: options.emulatorHost,
          emulatorMode: true,
          // Named so that the client does not ask the metadata server for it, which an emulator has no part in.
          universeDomain: "googleapis.com",
        }),
  });
  const topic = client.topic(options.topic, {
    batching: { maxMilliseconds: BATCH_WAIT_MS },
    messageOrdering: options.ordered,
    gaxOpts: callSettings(options.timeoutMs),
  });
  const underWay = new Set<Promise<string>>();
  return {
    async publish(message) {
      const publishing = publishOne(topic, message, options.timeoutMs);
      underWay.add(publishing);
      try {
        return await publishing;
      } finally {
        underWay.delete(publishing);
      }
    },
    async close() {
      // flush() alone does not wait for batches that are already on the wire, and close() drops what is queued.
      await topic.flush();
      await Promise.allSettled(underWay);
      await client.close();
    },
  };
}

/**
 * @google-cloud/pubsub 6.3.0 replaces a literal `{{projectId}}` in attributes and ordering keys by the project's id
 * (measured), and there is no way to quote it. Nothing of ours needs two braces together, so they are parted.
 */
function partBraces(text: string): string {
  return text.replaceAll(/\{(?=\{)/g, "{ ");
}

async function publishOne(topic: Topic, message: OutgoingMessage, timeoutMs: number): Promise<string> {
  const orderingKey = message.orderingKey ? partBraces(message.orderingKey) : undefined;
  const attributes = Object.fromEntries(
    Object.entries(message.attributes).map(([name, value]) => [name, partBraces(value)]),
  );
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no acknowledgement within ${timeoutMs} ms`)), timeoutMs);
  try {
    const published = topic.publishMessage({
      data: message.data,
      attributes,
      ...(orderingKey === undefined ? {} : { orderingKey }),
    });
    return await Promise.race([published, late]);
  } catch (error) {
    // A key stays blocked after a failed publish until it is told to go on.
    if (orderingKey !== undefined) topic.resumePublishing(orderingKey);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
