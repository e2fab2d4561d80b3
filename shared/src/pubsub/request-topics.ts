import type { MessageAttributes } from "../contract/draft-message.ts";
import type { OutgoingMessage, TopicPublisher } from "./topic-publisher.ts";

/** A publisher of requests to one topic, or to both as if they were one. */
export interface RequestTopic<Acknowledged> {
  publish(message: OutgoingMessage): Promise<Acknowledged>;
  close(): Promise<void>;
}

/**
 * Publishes what is one of many by a topic of its own, everything else by the requests' topic. Pub/Sub keeps one push window for a
 * subscription, which begins small: what comes alone is not to wait until a batch has let it grow. Closes both.
 * @param ofMany null: everything goes by the requests' topic
 */
export function requestTopics<Acknowledged>(
  requests: RequestTopic<Acknowledged>,
  ofMany: RequestTopic<Acknowledged> | null,
): RequestTopic<Acknowledged> {
  if (ofMany === null) return requests;
  return {
    publish: (message) => (isOneOfMany(message.attributes) ? ofMany : requests).publish(message),
    async close() {
      await Promise.all([requests.close(), ofMany.close()]);
    },
  };
}

/** The same of publishers that take many messages at a time. */
export function topicPublishers(requests: TopicPublisher, ofMany: TopicPublisher | null): TopicPublisher {
  if (ofMany === null) return requests;
  return {
    ...requestTopics(requests, ofMany),
    async publishAll(messages) {
      const many = messages.filter(({ attributes }) => isOneOfMany(attributes));
      const alone =
        many.length === messages.length ? [] : messages.filter(({ attributes }) => !isOneOfMany(attributes));
      const published = await Promise.allSettled([ofMany.publishAll(many), requests.publishAll(alone)]);
      for (const one of published) if (one.status === "rejected") throw one.reason;
    },
  };
}

/** Of a batch, as the rows of a file are, or taken up again by a replay, which may be of as many. */
function isOneOfMany({ batch, replay }: MessageAttributes): boolean {
  return batch !== undefined || replay !== undefined;
}
