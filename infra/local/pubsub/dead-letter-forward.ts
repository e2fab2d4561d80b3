import type { NewMessage, StoredMessage } from "./message.ts";
import { projectId, shortId } from "./resource-name.ts";

/**
 * What arrives on the dead letter topic: the message with its attributes and ordering key, and where it came from. It
 * gets a new messageId and publish time there (https://cloud.google.com/pubsub/docs/dead-letter-topics#track_delivery_attempts).
 */
export function deadLetter(message: StoredMessage, subscription: string, deliveries: number): NewMessage {
  return {
    data: message.data,
    orderingKey: message.orderingKey,
    attributes: {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(deliveries),
      CloudPubSubDeadLetterSourceSubscription: shortId(subscription),
      CloudPubSubDeadLetterSourceSubscriptionProject: projectId(subscription),
      // Traces of the real service show an offset where Google's emulator writes "Z".
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishTimeMs).toISOString().replace("Z", "+00:00"),
    },
  };
}
