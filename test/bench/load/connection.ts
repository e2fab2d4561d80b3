import { connect, type Socket } from "node:net";
import { HttpMessages } from "./http-messages.ts";

/** One keep-alive connection with one request under way at a time. */
export interface Connection {
  /** Resolves with the status; rejects when the connection ends first. */
  send(request: Buffer | string): Promise<Answer>;
  close(): void;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Opens again by itself when the server ends it between two requests. */
export function openConnection(url: URL): Connection {
  let socket: Socket | null = null;
  let waiting: PromiseWithResolvers<Answer> | null = null;
  const open = (): Socket => {
    const opened = connect(Number(url.port), url.hostname);
    opened.setNoDelay(true);
    const messages = new HttpMessages((head, body) => {
      const answered = waiting;
      waiting = null;
      answered?.resolve({ status: Number(head.slice(9, 12)), body });
    });
    opened.on("data", (chunk) => messages.take(chunk));
    opened.on("error", () => {});
    opened.on("close", () => {
      if (socket === opened) socket = null;
      const lost = waiting;
      waiting = null;
      lost?.reject(new Error("the connection ended before the answer"));
    });
    return opened;
  };
  return {
    send(request) {
      socket ??= open();
      waiting = Promise.withResolvers<Answer>();
      socket.write(request);
      return waiting.promise;
    },
    close: () => socket?.destroy(),
  };
}
