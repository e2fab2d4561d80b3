import type { NewMessage } from "./message.ts";
import { invalid } from "./pubsub-error.ts";

// https://cloud.google.com/pubsub/quotas#resource_limits
const MAX_MESSAGES = 1000;
const MAX_REQUEST_BYTES = 10_000_000;
const MAX_ATTRIBUTES = 100;
const MAX_ATTRIBUTE_KEY_BYTES = 256;
const MAX_ATTRIBUTE_VALUE_BYTES = 1024;
const MAX_ORDERING_KEY_BYTES = 1024;

/** INVALID_ARGUMENT for a publish request that Pub/Sub would refuse; it is refused whole. */
export function checkPublish(messages: readonly NewMessage[]): void {
  if (messages.length === 0) throw invalid("The request contains no messages.");
  if (messages.length > MAX_MESSAGES) {
    throw invalid(`The request contains ${messages.length} messages; the limit is ${MAX_MESSAGES}.`);
  }
  let requestBytes = 0;
  for (const message of messages) {
    const bytes = checkMessage(message);
    if (bytes > MAX_REQUEST_BYTES) throw invalid(`A message has ${bytes} bytes; the limit is ${MAX_REQUEST_BYTES}.`);
    requestBytes += bytes;
  }
  if (requestBytes > MAX_REQUEST_BYTES) {
    throw invalid(`The request has ${requestBytes} bytes; the limit is ${MAX_REQUEST_BYTES}.`);
  }
}

function checkMessage(message: NewMessage): number {
  const attributes = Object.entries(message.attributes);
  if (message.data.byteLength === 0 && attributes.length === 0) {
    throw invalid("A message must have data or at least one attribute.");
  }
  if (attributes.length > MAX_ATTRIBUTES) {
    throw invalid(`A message has ${attributes.length} attributes; the limit is ${MAX_ATTRIBUTES}.`);
  }
  const keyBytes = Buffer.byteLength(message.orderingKey);
  if (keyBytes > MAX_ORDERING_KEY_BYTES) {
    throw invalid(`The ordering key has ${keyBytes} bytes; the limit is ${MAX_ORDERING_KEY_BYTES}.`);
  }
  let bytes = message.data.byteLength + keyBytes;
  for (const [key, value] of attributes) bytes += checkAttribute(key, value);
  return bytes;
}

function checkAttribute(key: string, value: string): number {
  const keyBytes = Buffer.byteLength(key);
  const valueBytes = Buffer.byteLength(value);
  if (keyBytes === 0) throw invalid("An attribute key is empty.");
  if (key.startsWith("goog")) throw invalid('Attribute keys must not start with "goog".');
  if (keyBytes > MAX_ATTRIBUTE_KEY_BYTES) {
    throw invalid(`An attribute key has ${keyBytes} bytes; the limit is ${MAX_ATTRIBUTE_KEY_BYTES}.`);
  }
  if (valueBytes > MAX_ATTRIBUTE_VALUE_BYTES) {
    throw invalid(`The value of attribute ${key} has ${valueBytes} bytes; the limit is ${MAX_ATTRIBUTE_VALUE_BYTES}.`);
  }
  return keyBytes + valueBytes;
}
