import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { type TestContext, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { anApi, post, REQUEST } from "./api-under-test.ts";

test("stopping ends every wait with a promise", async (t) => {
  const api = await anApi(t);
  const waiting = post(api.app, "/", REQUEST);
  await api.clock.sleeping(30_000);
  await api.app.close();
  assert.equal((await waiting).statusCode, 202);
  assert.equal((await waiting).headers.connection, "close");
});

/** A request whose head is half sent, so that its connection is not idle; `finish` sends the rest and reads the answer. */
async function halfSent(t: TestContext, app: FastifyInstance, path: string): Promise<{ finish(): Promise<string> }> {
  const { port, hostname } = new URL(await addressOf(app));
  const accepted = once(app.server, "connection");
  const client = connect(Number(port), hostname);
  t.after(() => client.destroy());
  client.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n`);
  const [socket] = await accepted;
  while (socket.bytesRead === 0) await new Promise(setImmediate);
  return {
    async finish() {
      client.write("\r\n");
      let answer = "";
      for await (const bytes of client) answer += String(bytes);
      return answer;
    },
  };
}

async function addressOf(app: FastifyInstance): Promise<string> {
  const address = app.server.address();
  if (address === null || typeof address === "string") return app.listen({ port: 0, host: "127.0.0.1" });
  return `http://${address.address}:${address.port}`;
}

test("what still comes over an open connection while it stops is refused as retryable, and the connection ends", async (t) => {
  const { app } = await anApi(t);
  const late = await halfSent(t, app, "/v1/drafts");
  const probe = await halfSent(t, app, "/health/ready");
  const closed = app.close();
  while (app.server.listening) await new Promise(setImmediate);
  const refused = await late.finish();
  assert.match(refused, /^HTTP\/1\.1 503 /);
  assert.match(refused, /"code":"SHUTTING_DOWN"/);
  assert.match(refused, /"retryable":true/);
  assert.match(refused, /retry-after: \d/i);
  assert.match(refused, /connection: close/i);
  const unready = await probe.finish();
  assert.match(unready, /^HTTP\/1\.1 503 /);
  assert.match(unready, /"status":"stopping"/);
  await closed;
});

test("a file that is still coming is refused as retryable while it stops, and goes on under its key elsewhere", async (t) => {
  const { app, ledger, publisher } = await anApi(t);
  const rows = Array.from({ length: 1_500 }, (_, n) => `p${n}@example.com,Offer ${n},Text\n`);
  const file = `to,subject,message\n${rows.join("")}`;
  const { port, hostname } = new URL(await addressOf(app));
  const client = connect(Number(port), hostname);
  t.after(() => client.destroy());
  client.write(`POST /v1/imports HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\nIdempotency-Key: k\r\n`);
  client.write(`Content-Length: ${file.length}\r\n\r\n${file.slice(0, -1_000)}`);
  // The rest never comes.
  while (publisher.published.length < 1_000) await new Promise(setImmediate);
  const closed = app.close();
  let answer = "";
  for await (const bytes of client) answer += String(bytes);
  assert.match(answer, /^HTTP\/1\.1 503 /);
  assert.match(answer, /"code":"SHUTTING_DOWN"/);
  await closed;

  const next = await anApi(t, { ledger, publisher });
  const headers = { "content-type": "text/csv", "idempotency-key": "k" };
  const whole = await next.app.inject({ method: "POST", url: "/v1/imports", headers, payload: file });
  assert.deepEqual([whole.statusCode, whole.json().accepted], [202, 1_500]);
  assert.equal(publisher.published.length, 1_500);
});

// Bodies have a limit of our own: test/hostile/slow-connections.test.ts waits for it.
test("slow heads have a limit", async (t) => {
  const { app } = await anApi(t);
  assert.equal(app.server.headersTimeout, 10_000);
});
