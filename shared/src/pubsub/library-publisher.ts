import { PubSub, type Topic } from "@google-cloud/pubsub";
import { publishSettings } from "./publish-settings.ts";
import type { OutgoingMessage, TopicPublisher, TopicPublisherOptions } from "./topic-publisher.ts";

/** Waiting longer gathers no more from requests that each wait for their own acknowledgement. */
const BATCH_WAIT_MS = 5;

/** By the client library's own batches: for each ordering key one of its own, 5 ms after its first message. */
export function openLibraryPublisher(options: TopicPublisherOptions): TopicPublisher {
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
    gaxOpts: publishSettings(options.timeoutMs),
  });
  const underWay = new Set<Promise<string>>();
  const publisher: TopicPublisher = {
    async publish(message) {
      const publishing = publishOne(topic, message, options.timeoutMs);
      underWay.add(publishing);
      try {
        return await publishing;
      } finally {
        underWay.delete(publishing);
      }
    },
    async publishAll(messages) {
      const published = await Promise.allSettled(messages.map((message) => publisher.publish(message)));
      const failed = published.find(({ status }) => status === "rejected");
      if (failed?.status === "rejected") throw failed.reason;
    },
    async close() {
      // flush() alone does not wait for batches that are already on the wire, and close() drops what is queued.
      await topic.flush();
      await Promise.allSettled(underWay);
      await client.close();
    },
  };
  return publisher;
}

async function publishOne(topic: Topic, message: OutgoingMessage, timeoutMs: number): Promise<string> {
  const { data, attributes } = message;
  const orderingKey = message.orderingKey || undefined;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no acknowledgement within ${timeoutMs} ms`)), timeoutMs);
  try {
    const published = topic.publishMessage({
      data: typeof data === "string" ? Buffer.from(data) : data,
      attributes: { ...attributes },
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
