import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { serveOrders } from "../measure/serve-orders.ts";

/** A Pub/Sub that acknowledges each Publish after a while and keeps nothing; `infra/local/pubsub` is one that does. */
export interface NullPubsubSettings {
  readonly ackMs: number;
}

const FRAME_BYTES = 5;
/** PublishRequest.messages: field 2, length-delimited (https://cloud.google.com/pubsub/docs/reference/rpc). */
const MESSAGE_TAG = 0x12;
/** PublishResponse.message_ids: field 1, length-delimited. */
const ID_TAG = 0x0a;

let server: Http2Server | null = null;
let ackMs = 0;
let published = 0;

serveOrders({
  async start(given, counter) {
    ackMs = (given as NullPubsubSettings).ackMs;
    if (server !== null) return null;
    const opened = createServer({ settings: { initialWindowSize: 8 * 1024 * 1024, maxConcurrentStreams: 10_000 } });
    server = opened;
    opened.on("session", (session) => session.setLocalWindowSize?.(64 * 1024 * 1024));
    opened.on("stream", (stream) => {
      const parts: Buffer[] = [];
      stream.on("error", () => {});
      stream.on("data", (part: Buffer) => parts.push(part));
      stream.on("end", () => {
        const count = messagesIn(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts));
        for (let n = 0; n < count; n++) counter.done(0);
        if (ackMs === 0) acknowledge(stream, count);
        else setTimeout(() => acknowledge(stream, count), ackMs);
      });
    });
    await new Promise<void>((listening) => opened.listen(0, "127.0.0.1", listening));
    return `127.0.0.1:${(opened.address() as AddressInfo).port}`;
  },
  async stop() {},
});

/** Reads no further than each field's length: the topic's name, then message after message. */
function messagesIn(body: Buffer): number {
  let count = 0;
  for (let at = FRAME_BYTES; at < body.length; ) {
    const tag = body[at];
    let length = 0;
    let shift = 0;
    for (let byte = 0x80; byte >= 0x80; shift += 7) {
      at += 1;
      byte = body[at] ?? 0;
      length += (byte & 0x7f) * 2 ** shift;
    }
    at += 1 + length;
    if (tag === MESSAGE_TAG) count += 1;
  }
  return count;
}

function acknowledge(stream: ServerHttp2Stream, count: number): void {
  if (stream.destroyed) return;
  const ids = Array.from({ length: count }, () => String(++published));
  const length = ids.reduce((sum, id) => sum + 2 + id.length, 0);
  const answer = Buffer.alloc(FRAME_BYTES + length);
  answer.writeUInt32BE(length, 1);
  let at = FRAME_BYTES;
  for (const id of ids) {
    answer[at] = ID_TAG;
    answer[at + 1] = id.length;
    answer.write(id, at + 2, "latin1");
    at += 2 + id.length;
  }
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(answer);
}
