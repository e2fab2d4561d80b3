import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a server on which every answer is lost. */
export interface CutAnswers {
  readonly url: string;
  close(): Promise<void>;
}

/** Passes each call on as it comes, and cuts the caller's connection with the first byte of the answer: the work is done. */
export async function cutAnswers(target: string): Promise<CutAnswers> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((caller) => {
    const onward = connect(Number(port), hostname);
    for (const socket of [caller, onward]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.once("close", () => {
        sockets.delete(socket);
        caller.destroy();
        onward.destroy();
      });
    }
    caller.pipe(onward);
    onward.once("data", () => caller.resetAndDestroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
