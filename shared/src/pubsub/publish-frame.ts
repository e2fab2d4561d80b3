import type { OutgoingMessage } from "./topic-publisher.ts";

/** Before each message of gRPC: whether it is compressed, and its length in four bytes. */
const PREFIX_BYTES = 5;

// google.pubsub.v1 (https://github.com/googleapis/googleapis/blob/master/google/pubsub/v1/pubsub.proto): number of the field and its kind, 2,
// a length and so many bytes, which all of them are.
const REQUEST_TOPIC = 0x0a;
const REQUEST_MESSAGES = 0x12;
const MESSAGE_DATA = 0x0a;
const MESSAGE_ATTRIBUTES = 0x12;
const MESSAGE_ORDERING_KEY = 0x2a;
const ENTRY_KEY = 0x0a;
const ENTRY_VALUE = 0x12;
const RESPONSE_MESSAGE_IDS = 0x0a;

/** A PublishRequest, ready to be sent; `sizes` are the messages' by `bytesOf`. */
export function encodePublish(topic: string, messages: readonly OutgoingMessage[], sizes: readonly number[]): Buffer {
  const length = sizes.reduce((sum, size) => sum + fieldBytes(size), fieldBytes(Buffer.byteLength(topic)));
  const out = new ProtoWriter(PREFIX_BYTES + length);
  out.prefix(length);
  out.text(REQUEST_TOPIC, topic);
  for (const [index, { data, attributes, orderingKey }] of messages.entries()) {
    out.open(REQUEST_MESSAGES, sizes[index] ?? 0);
    if (typeof data === "string") out.text(MESSAGE_DATA, data);
    else out.bytes(MESSAGE_DATA, data);
    for (const name in attributes) {
      const value = attributes[name] ?? "";
      out.open(MESSAGE_ATTRIBUTES, entryBytes(name, value));
      out.text(ENTRY_KEY, name);
      out.text(ENTRY_VALUE, value);
    }
    if (orderingKey) out.text(MESSAGE_ORDERING_KEY, orderingKey);
  }
  return out.buffer;
}

/** How long a message is in a publish, but for its tag and its length. */
export function bytesOf({ data, attributes, orderingKey }: OutgoingMessage): number {
  let bytes = fieldBytes(Buffer.byteLength(data));
  for (const name in attributes) bytes += fieldBytes(entryBytes(name, attributes[name] ?? ""));
  return orderingKey ? bytes + fieldBytes(Buffer.byteLength(orderingKey)) : bytes;
}

/** The messageIds of a PublishResponse, in the order of the messages. */
export function decodePublished(frame: Buffer): readonly string[] {
  const ids: string[] = [];
  for (let at = PREFIX_BYTES; at < frame.length; ) {
    const tag = frame[at];
    let length = 0;
    let byte = 0x80;
    for (let shift = 0; byte >= 0x80; shift += 7) {
      at += 1;
      byte = frame[at] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
    }
    at += 1;
    if (tag === RESPONSE_MESSAGE_IDS) ids.push(frame.toString("utf8", at, at + length));
    at += length;
  }
  return ids;
}

function entryBytes(name: string, value: string): number {
  return fieldBytes(Buffer.byteLength(name)) + fieldBytes(Buffer.byteLength(value));
}

/** A field with its tag and its length. */
function fieldBytes(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest >= 0x80; rest >>>= 7) bytes += 1;
  return bytes;
}

/** Writes protobuf of a length that is known. */
class ProtoWriter {
  readonly buffer: Buffer;
  #at = 0;

  constructor(length: number) {
    this.buffer = Buffer.allocUnsafe(length);
  }

  prefix(length: number): void {
    this.buffer[0] = 0;
    this.#at = this.buffer.writeUInt32BE(length, 1);
  }

  /** Begins a field of so many bytes. */
  open(tag: number, length: number): void {
    this.buffer[this.#at++] = tag;
    let rest = length;
    for (; rest >= 0x80; rest >>>= 7) this.buffer[this.#at++] = (rest & 0x7f) | 0x80;
    this.buffer[this.#at++] = rest;
  }

  text(tag: number, text: string): void {
    this.open(tag, Buffer.byteLength(text));
    this.#at += this.buffer.write(text, this.#at);
  }

  bytes(tag: number, bytes: Buffer): void {
    this.open(tag, bytes.length);
    this.#at += bytes.copy(this.buffer, this.#at);
  }
}
