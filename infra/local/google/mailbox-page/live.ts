import type { FastifyReply } from "fastify";
import type { DraftStore } from "../gmail/draft-store.ts";

// A batch changes a mailbox a thousand times a second; a page that looks again four times is live enough.
const QUIET_MS = 250;
const RECONNECT_MS = 1000;

/** Tells the page by server-sent events that some mailbox has changed. It ends with the connection. */
export function streamChanges(reply: FastifyReply, store: DraftStore): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  raw.write(`retry: ${RECONNECT_MS}\n\n`);
  let timer: NodeJS.Timeout | undefined;
  const stop = store.onChange(() => {
    timer ??= setTimeout(() => {
      timer = undefined;
      raw.write("event: change\ndata: drafts\n\n");
    }, QUIET_MS);
  });
  raw.on("close", () => {
    stop();
    clearTimeout(timer);
  });
}
