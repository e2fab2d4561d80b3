import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { serveOrders } from "../measure/serve-orders.ts";

const ANSWER = '{"id":"00000000-0000-4000-8000-000000000000","status":"queued"}';

/** The floor: reads each request to its end and says the same. What the load can make at most, and what HTTP costs. */
serveOrders({
  async start() {
    const server = createServer((request, reply) => {
      request.resume();
      request.on("end", () => {
        reply.writeHead(202, { "content-type": "application/json", "content-length": ANSWER.length });
        reply.end(ANSWER);
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },
  async stop() {},
});
