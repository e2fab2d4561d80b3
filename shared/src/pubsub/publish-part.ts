import { bytesOf } from "./publish-frame.ts";
import type { OutgoingMessage } from "./topic-publisher.ts";

/** https://cloud.google.com/pubsub/quotas#resource_limits: 1,000 messages and 10 MB in one publish. */
const MESSAGES_MAX = 1_000;
const BYTES_MAX = 9_000_000;

/** Messages of one ordering key that go in one publish, with what they are in it. */
export interface PublishPart {
  readonly key: string;
  readonly messages: OutgoingMessage[];
  /** Of each message. */
  readonly sizes: number[];
  bytes: number;
}

/** Whether so much goes in one publish. A message alone always does: Pub/Sub is to say what it takes. */
export function fitsInPublish(messages: number, bytes: number): boolean {
  return messages <= 1 || (messages <= MESSAGES_MAX && bytes <= BYTES_MAX);
}

export function partOf(message: OutgoingMessage, size = bytesOf(message)): PublishPart {
  return { key: message.orderingKey ?? "", messages: [message], sizes: [size], bytes: size };
}

/** Messages in as few parts as Pub/Sub takes, in their order within each key. */
export function partsOf(messages: readonly OutgoingMessage[]): readonly PublishPart[] {
  const parts: PublishPart[] = [];
  const open = new Map<string, PublishPart>();
  for (const message of messages) {
    const key = message.orderingKey ?? "";
    const size = bytesOf(message);
    const part = open.get(key);
    if (part !== undefined && fitsInPublish(part.messages.length + 1, part.bytes + size)) {
      part.messages.push(message);
      part.sizes.push(size);
      part.bytes += size;
    } else {
      const next = partOf(message, size);
      parts.push(next);
      open.set(key, next);
    }
  }
  return parts;
}
