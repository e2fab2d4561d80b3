import { once } from "node:events";
import type { WriteStream } from "node:tty";
import { OutputClosed } from "./cli-error.ts";
import type { Output } from "./terminal.ts";

const COLUMNS = 80;

/** A stream of the process as an output. A reader that has gone is OutputClosed, and no crash. */
export function outputOf(stream: NodeJS.WriteStream | WriteStream): Output {
  let closed: Error | null = null;
  stream.on("error", (error: NodeJS.ErrnoException) => {
    closed = error.code === "EPIPE" ? new OutputClosed() : error;
  });
  return {
    isTty: stream.isTTY === true,
    columns: () => stream.columns ?? COLUMNS,
    async write(text) {
      if (closed !== null) throw closed;
      if (!stream.write(text)) {
        await once(stream, "drain").catch((error: NodeJS.ErrnoException) => {
          throw error.code === "EPIPE" ? new OutputClosed() : error;
        });
      }
      if (closed !== null) throw closed;
    },
  };
}
