import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { CliError, Interrupted } from "@draftmill/api/cli/cli-error.ts";
import { createClient } from "@draftmill/api/cli/client.ts";
import { ServiceProblem } from "@draftmill/api/cli/service-problem.ts";
import { importBody } from "@draftmill/api/cli/upload/send-file.ts";
import { ManualClock } from "../../../support/manual-clock.ts";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Reply = (response: ServerResponse) => void;

const problem =
  (status: number, code: string, headers: Record<string, string> = {}): Reply =>
  (response) =>
    response
      .writeHead(status, { "content-type": "application/problem+json", ...headers })
      .end(JSON.stringify({ status, code, detail: `${code} it is`, retryable: true, remedy: "mend it", errors: [] }));
const ok: Reply = (response) => response.writeHead(200, { "content-type": "application/json" }).end('{"id":"x"}');
const cut: Reply = (response) => response.destroy();

/** A service that answers as it is told, one call after the other, and a client of it on a clock of its own. */
async function serving(t: TestContext, replies: readonly Reply[]) {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url = "", headers } = request;
    const reply = replies[seen.length] ?? ok;
    seen.push({ method, url, headers, body: await text(request) });
    reply(response);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const clock = new ManualClock();
  const interrupt = new AbortController();
  const waits: string[] = [];
  const tokens: boolean[] = [];
  const client = createClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async token(fresh) {
      tokens.push(fresh);
      return fresh ? "new" : "old";
    },
    clock,
    signal: interrupt.signal,
    onWait: (why, ms) => {
      waits.push(`${why} ${ms}`);
      // The wait has been told of; the clock is what passes it.
      void clock.sleeping(ms).then(() => clock.advance(ms));
    },
  });
  return { seen, client, waits, tokens, interrupt };
}

test("429 and 503 are waited out as Retry-After says, and the call repeated with the same key and body", async (t) => {
  const replies = [
    problem(429, "SLOW", { "retry-after": "7" }),
    problem(503, "PUBLISH_UNCONFIRMED", { "retry-after": "2" }),
    ok,
  ];
  const { seen, client, waits } = await serving(t, replies);
  assert.deepEqual(await client.call({ operation: "queueDraft", key: "k1", json: { to: "a" } }), { id: "x" });
  assert.deepEqual(waits, ["SLOW 7000", "PUBLISH_UNCONFIRMED 2000"]);
  assert.deepEqual(
    seen.map(({ headers }) => headers["idempotency-key"]),
    ["k1", "k1", "k1"],
  );
  assert.deepEqual(new Set(seen.map(({ body }) => body)), new Set(['{"to":"a"}']));
});

test("a service that says wait for ever is given up, with what it said last", async (t) => {
  const { client, seen } = await serving(
    t,
    Array.from({ length: 9 }, () => problem(503, "LEDGER_UNAVAILABLE", { "retry-after": "120" })),
  );
  await assert.rejects(client.call({ operation: "listBatches" }), ServiceProblem);
  assert.equal(seen.length, 6);
});

test("a draft that failed answers 503 with its record, and is not asked for again", async (t) => {
  const failed: Reply = (response) =>
    response.writeHead(503).end(JSON.stringify({ code: "DELEGATION_MISSING", detail: "d", id: "r1" }));
  const { client, seen } = await serving(t, [failed]);
  await assert.rejects(client.call({ operation: "queueDraft", key: "k" }), { message: "DELEGATION_MISSING: d" });
  assert.equal(seen.length, 1);
});

test("what the network breaks is repeated where that does no harm, and an order of a replay is not", async (t) => {
  const { client, seen, waits } = await serving(t, [ok, cut, cut, ok, cut]);
  await client.call({ operation: "getBatch", id: "b" });
  assert.deepEqual(await client.call({ operation: "getBatch", id: "b/../c" }), { id: "x" });
  assert.equal(waits.length, 2);
  assert.equal(seen[3]?.url, "/v1/batches/b%2F..%2Fc");
  await assert.rejects(client.call({ operation: "replay", json: {} }), CliError);
  assert.equal(seen.length, 5);
});

test("a token that is refused is made anew, once", async (t) => {
  const { client, seen, tokens } = await serving(t, [
    problem(401, "UNAUTHENTICATED"),
    ok,
    problem(401, "U"),
    problem(401, "U"),
  ]);
  await client.call({ operation: "listBatches" });
  assert.deepEqual(
    seen.map(({ headers }) => headers.authorization),
    ["Bearer old", "Bearer new"],
  );
  await assert.rejects(client.call({ operation: "listBatches" }), { next: "draftmill login" });
  assert.deepEqual(tokens, [false, true, false, true]);
});

test("a file is streamed anew for each attempt, in both parts and whole", async (t) => {
  const { client, seen } = await serving(t, [problem(503, "SHUTTING_DOWN", { "retry-after": "1" }), ok]);
  const rows = "to,subject\na@example.com,S\n";
  const sent: number[] = [];
  const file = {
    name: "rows.csv",
    bytes: rows.length,
    format: "csv" as const,
    read: async function* () {
      yield Buffer.from(rows.slice(0, 5));
      yield Buffer.from(rows.slice(5));
    },
    remove: async () => {},
  };
  await client.call({
    operation: "importFile",
    key: "f",
    stream: () => importBody(file, { name: "Autumn" }, (bytes) => sent.push(bytes)),
  });
  assert.equal(seen.length, 2);
  for (const { body, headers } of seen) {
    const boundary = /boundary=(\S+)/.exec(headers["content-type"] ?? "")?.[1] ?? "";
    const parts = body.split(`--${boundary}`).map((part) => part.split("\r\n\r\n")[1]);
    assert.deepEqual(parts, [undefined, '{"name":"Autumn"}\r\n', `${rows}\r\n`, undefined]);
  }
  assert.deepEqual(sent, [5, rows.length, 5, rows.length]);
});

test("Ctrl-C ends a call that waits for its answer, and a deadline one that nobody answers", async (t) => {
  const never: Reply = () => {};
  const { client, interrupt } = await serving(t, [ok, never, never]);
  await client.call({ operation: "listBatches" });
  await assert.rejects(client.call({ operation: "replay", json: {}, deadlineMs: 50 }), {
    message: /no answer in time/,
  });
  const asked = client.call({ operation: "getBatch", id: "b" });
  interrupt.abort(new Interrupted());
  await assert.rejects(asked, Interrupted);
});

test("what is no service of ours is told, and a token follows no redirect", async (t) => {
  const page: Reply = (response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>hello");
  const elsewhere: Reply = (response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
  const { client, seen } = await serving(t, [page, elsewhere]);
  await assert.rejects(client.call({ operation: "listBatches" }), { message: /answered something that is not JSON/ });
  await assert.rejects(client.call({ operation: "listBatches" }), { message: /^HTTP 302/ });
  assert.equal(seen.length, 2);
});

test("where nothing listens, it says how to start it", async () => {
  const clock = new ManualClock();
  const { signal } = new AbortController();
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const client = createClient({
    url: `http://127.0.0.1:${port}`,
    token: async () => null,
    clock,
    signal,
    onWait: () => {},
  });
  await assert.rejects(client.call({ operation: "listBatches" }), {
    message: /cannot be reached: ECONNREFUSED/,
    next: /npm start/,
  });
});
