import type { StoredMessage } from "./message.ts";

/**
 * The body of a push: what does not apply is left out, and id and time come in both spellings
 * (https://cloud.google.com/pubsub/docs/push#receive_push). `deliveryAttempt` is for subscriptions with a dead letter policy.
 */
export function pushBody(message: StoredMessage, subscription: string, deliveryAttempt: number | undefined): string {
  const { data, attributes, orderingKey } = message;
  const messageId = String(message.id);
  const publishTime = new Date(message.publishTimeMs).toISOString();
  return JSON.stringify({
    ...(deliveryAttempt !== undefined && { deliveryAttempt }),
    message: {
      ...(Object.keys(attributes).length > 0 && { attributes }),
      ...(data.byteLength > 0 && { data: Buffer.from(data).toString("base64") }),
      messageId,
      message_id: messageId,
      ...(orderingKey !== "" && { orderingKey }),
      publishTime,
      publish_time: publishTime,
    },
    subscription,
  });
}
