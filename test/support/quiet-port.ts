import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that the system gives to outgoing connections, 32,768 on (ip_local_port_range in
 * https://docs.kernel.org/networking/ip-sysctl.html): one of those is free now and somebody's connection a moment later.
 */
const FIRST = 20_000;
const END = 32_000;

/** A loopback port that is free, and stays so for a program that needs seconds before it listens. */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
