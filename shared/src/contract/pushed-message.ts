import { DraftError } from "../errors.ts";
import { compileOwn } from "./own-schema.ts";

/** A Pub/Sub message as a push request delivers it. */
export interface PushedMessage {
  readonly messageId: string;
  readonly publishTime: string;
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string | null;
  /** Counted from 1; null when the subscription has no dead-letter policy, which is when Pub/Sub leaves it out. */
  readonly deliveryAttempt: number | null;
  /** projects/P/subscriptions/S */
  readonly subscription: string;
}

/** https://cloud.google.com/pubsub/docs/push#receive_push; open, as Google may add fields. */
export const WRAPPED_MESSAGE = {
  type: "object",
  required: ["message", "subscription"],
  properties: {
    subscription: { type: "string" },
    deliveryAttempt: { type: "integer" },
    message: {
      type: "object",
      required: ["messageId"],
      properties: {
        messageId: { type: "string", minLength: 1 },
        publishTime: { type: "string" },
        data: { type: "string" },
        orderingKey: { type: "string" },
        attributes: { type: "object", additionalProperties: { type: "string" } },
      },
    },
  },
};

interface WrappedMessage {
  readonly subscription: string;
  readonly deliveryAttempt?: number;
  readonly message: {
    readonly messageId: string;
    readonly publishTime?: string;
    readonly data?: string;
    readonly orderingKey?: string;
    readonly attributes?: Readonly<Record<string, string>>;
  };
}

const isWrapped = compileOwn<WrappedMessage>(WRAPPED_MESSAGE);

/** Reads the body of a push request. Throws PUSH_MALFORMED: that is a wrong subscription, not a wrong message. */
export function decodePush(body: unknown): PushedMessage {
  if (!isWrapped(body)) throw new DraftError("PUSH_MALFORMED");
  const { message, subscription, deliveryAttempt } = body;
  return {
    messageId: message.messageId,
    publishTime: message.publishTime ?? "",
    data: Buffer.from(message.data ?? "", "base64"),
    attributes: message.attributes ?? {},
    orderingKey: message.orderingKey ?? null,
    deliveryAttempt: deliveryAttempt ?? null,
    subscription,
  };
}
