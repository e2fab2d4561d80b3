import { DraftError } from "@draftmill/shared/errors.ts";
import {
  type OutgoingMessage,
  openTopicPublisher,
  type TopicPublisher,
  type TopicPublisherOptions,
} from "@draftmill/shared/pubsub/topic-publisher.ts";

export interface PublisherOnDemand {
  /** Resolves once the topic has acknowledged. Rejects with PUBLISH_UNCONFIRMED. */
  publish(message: OutgoingMessage): Promise<void>;
  /** Sends what is queued and closes the connection, if there ever was one. */
  close(): Promise<void>;
}

/**
 * A topic that most workers never publish to: a dead letter or a replay is the exception. What publishes is loaded for the
 * first one, and with PUBLISH_BY=library the client library, which would be more than half of a worker's start (measured).
 */
export function publisherOnDemand(options: TopicPublisherOptions): PublisherOnDemand {
  let opening: Promise<TopicPublisher> | null = null;
  return {
    async publish(message) {
      opening ??= openTopicPublisher(options);
      const topic = await opening;
      try {
        await topic.publish(message);
      } catch (error) {
        throw new DraftError("PUBLISH_UNCONFIRMED", { applied: "unknown", cause: error });
      }
    },
    async close() {
      await (await opening)?.close();
    },
  };
}
