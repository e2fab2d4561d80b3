import { connect, createServer, type Socket } from "node:net";

/** A line on loopback that hands on every byte and remembers them all: what two parts really told each other. */
export interface WireTap {
  readonly hostPort: string;
  readonly url: string;
  /** Every piece of either side that fits, once. */
  heard(pattern: RegExp): ReadonlySet<string>;
  close(): Promise<void>;
}

/** Opens one that leads to `target`, a host:port that is asked for at each connection. */
export async function openWireTap(target: () => string): Promise<WireTap> {
  const sides: Buffer[][] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const { hostname, port } = new URL(`http://${target()}`);
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      const bytes: Buffer[] = [];
      sides.push(bytes);
      sockets.add(from);
      from.on("data", (chunk) => {
        bytes.push(chunk);
        to.write(chunk);
      });
      from.on("end", () => to.end());
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    hostPort: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    heard: (pattern) => new Set(sides.flatMap((bytes) => Buffer.concat(bytes).toString("latin1").match(pattern) ?? [])),
    close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
