import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { openPooledFetch } from "@draftmill/shared/http/pooled-fetch.ts";
import { readGoogleFailure } from "@draftmill/worker/google/google-failure.ts";

const TIMEOUT_MS = 10_000;

async function listen(t: TestContext, server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
}

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  t.after(() => server.closeAllConnections());
  return listen(t, server);
}

test("carries method, path, query, fields and every kind of body as they are", async (t) => {
  const url = await serve(t, async (request, response) => {
    const { method, headers } = request;
    const fields = [headers["content-type"], headers["x-own"], headers["accept-encoding"]];
    response.writeHead(201, "Made", { "content-type": "application/json", "x-two": ["a", "b"] });
    response.end(JSON.stringify([method, request.url, await text(request), ...fields]));
  });
  const fetch = openPooledFetch({ timeoutMs: TIMEOUT_MS });
  const headers = { "Content-Type": "text/plain", "X-Own": "1", "Accept-Encoding": "gzip" };
  const answer = await fetch(`${url}/a%2Fb?c=%20d`, { method: "put", headers, body: "é" });
  assert.deepEqual(await answer.json(), ["PUT", "/a%2Fb?c=%20d", "é", "text/plain", "1", null]);
  assert.deepEqual([answer.ok, answer.status, answer.statusText], [true, 201, "Made"]);
  assert.deepEqual([answer.headers.get("X-Two"), answer.headers.get("x-none")], ["a, b", null]);
  const form = await fetch(new URL(url), { method: "POST", body: new URLSearchParams({ a: "b c" }) });
  const formType = "application/x-www-form-urlencoded;charset=UTF-8";
  assert.deepEqual(await form.json(), ["POST", "/", "a=b+c", formType, null, null]);
  const streamed = await fetch(url, { method: "POST", headers, body: Readable.from(["ab", "c"]) as never });
  assert.deepEqual(await streamed.json(), ["POST", "/", "abc", "text/plain", "1", null]);
  assert.deepEqual(await (await fetch(url)).json(), ["GET", "/", "", null, null, null]);
});

test("reads bytes, an empty answer and a byte order mark as fetch does", async (t) => {
  const url = await serve(t, (request, response) => {
    if (request.url === "/none") response.writeHead(204).end();
    else response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from("\uFEFFhé"));
  });
  for (const fetch of [openPooledFetch({ timeoutMs: TIMEOUT_MS }), globalThis.fetch]) {
    assert.equal(await (await fetch(url)).text(), "hé");
    assert.equal((await (await fetch(url)).arrayBuffer()).byteLength, 6);
    const blob = await (await fetch(url)).blob();
    assert.deepEqual([blob.type, await buffer(blob.stream())], ["image/png", Buffer.from("\uFEFFhé")]);
    const none = await fetch(`${url}/none`);
    assert.deepEqual([none.status, await none.text()], [204, ""]);
  }
});

test("follows no redirect, and keeps its connections for the next call", async (t) => {
  const ports = new Set<number | undefined>();
  const url = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  const fetch = openPooledFetch({ timeoutMs: TIMEOUT_MS });
  for (let n = 0; n < 20; n++) assert.equal((await fetch(url, { method: "POST", body: "x" })).status, 307);
  // The second opens while the first one's answer is told.
  assert.ok(ports.size <= 2, `${ports.size} connections`);
});

test("gives up after its deadline and when it is told to; what had left may have happened", async (t) => {
  const url = await serve(t, () => {});
  const late = openPooledFetch({ timeoutMs: 200 })(url, { method: "POST", body: "x" });
  const failure = readGoogleFailure(await late.catch((error: unknown) => error));
  assert.deepEqual([failure.applied, failure.reason], ["unknown", "TimeoutError"]);
  const fetch = openPooledFetch({ timeoutMs: TIMEOUT_MS });
  const reason = new Error("enough");
  const stop = new AbortController();
  const stopped = fetch(url, { signal: stop.signal });
  stop.abort(reason);
  assert.equal(readGoogleFailure(await stopped.catch((error: unknown) => error)).applied, "no");
  await assert.rejects(fetch(url, { signal: stop.signal }), reason);
});

test("what no connection has taken when its time is over has certainly not left", async (t) => {
  const mute = createTcpServer((socket) => t.after(() => socket.destroy()));
  const url = (await listen(t, mute)).replace("http:", "https:");
  // A TLS handshake that is never answered: the connection is there, the request is not in it.
  const waiting = openPooledFetch({ timeoutMs: 200 })(url, { method: "POST", body: "x" });
  const failure = readGoogleFailure(await waiting.catch((error: unknown) => error));
  assert.deepEqual([failure.applied, failure.reason], ["no", "TimeoutError"]);
});
