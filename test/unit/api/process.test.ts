import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { ApiProcess } from "./api-process.ts";
import { MAILBOX, REQUEST } from "./api-under-test.ts";

/** A wire to `target` that can be cut short: what comes back is kept until it is let through. */
async function startWire(t: TestContext, target: string) {
  const [host = "", port = ""] = target.split(":");
  const upstreams = new Set<Socket>();
  const sockets = new Set<Socket>();
  let holds = false;
  let spoken = Promise.withResolvers<void>();
  const server: Server = createServer((downstream) => {
    const upstream = connect(Number(port), host);
    upstreams.add(upstream);
    for (const socket of [downstream, upstream]) sockets.add(socket.on("error", () => {}));
    downstream.on("data", (bytes) => {
      upstream.write(bytes);
      spoken.resolve();
    });
    upstream.pipe(downstream);
    if (holds) upstream.pause();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    hostPort: `127.0.0.1:${address.port}`,
    hold(): void {
      holds = true;
      spoken = Promise.withResolvers();
      for (const upstream of upstreams) upstream.pause();
    },
    /** Resolves once something was said towards the target since `hold`. */
    spoken: () => spoken.promise,
    release(): void {
      holds = false;
      for (const upstream of upstreams) upstream.resume();
    },
  };
}

async function startEverything(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-api-"));
  const pubsub = await startPubsub({ statePath: ":memory:", signer: await createIdTokenSigner() });
  await fetch(`${pubsub.url}/v1/projects/demo/topics/draft-requests`, { method: "PUT", body: "{}" });
  const wire = await startWire(t, pubsub.hostPort);
  const api = new ApiProcess({
    PORT: "0",
    HOST: "127.0.0.1",
    AUTH_MODE: "none",
    GMAIL_USER: MAILBOX,
    GOOGLE_CLOUD_PROJECT: "demo",
    PUBSUB_EMULATOR_HOST: wire.hostPort,
    LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
  });
  t.after(async () => {
    api.child.kill("SIGKILL");
    await api.exited;
    await pubsub.close();
    await rm(folder, { recursive: true });
  });
  const { url } = await api.logged("api.started");
  return { api, wire, url: String(url) };
}

function post(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(REQUEST),
    signal: AbortSignal.timeout(20_000),
  });
}

/** Until nothing listens there any more. */
async function refusesConnections(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  for (;;) {
    const socket = connect(Number(port), hostname);
    try {
      await once(socket, "connect");
      socket.destroy();
    } catch {
      return;
    }
  }
}

/** Until the ledger holds `count` requests: each of them is then open, or answered. */
async function untilListed(url: string, count: number): Promise<{ items: { id: string }[] }> {
  for (;;) {
    const page: { items: { id: string }[] } = JSON.parse(await (await fetch(`${url}/v1/drafts`)).text());
    if (page.items.length === count) return page;
  }
}

test("on SIGTERM an open request still gets its acknowledgement and its answer, then the process ends well", async (t) => {
  const { api, wire, url } = await startEverything(t);
  assert.equal((await post(`${url}/v1/drafts`)).status, 202);
  wire.hold();
  const answer = post(`${url}/v1/drafts`);
  const waiting = post(`${url}/`, { "idempotency-key": "k" });
  await untilListed(url, 3);
  await wire.spoken();
  api.child.kill("SIGTERM");
  await refusesConnections(url);
  wire.release();
  assert.equal((await answer).status, 202);
  assert.equal((await waiting).status, 202);
  assert.equal(await api.exited, 0);
  assert.ok(api.lines.some((line) => line.includes("api.stopped")));
});

test("a wait does not keep a process from stopping", async (t) => {
  const { api, url } = await startEverything(t);
  const waiting = post(`${url}/`);
  const { items } = await untilListed(url, 1);
  api.child.kill("SIGTERM");
  const answer = await waiting;
  assert.equal(answer.status, 202);
  assert.equal(answer.headers.get("location"), `/v1/drafts/${items[0]?.id}`);
  assert.equal(await api.exited, 0);
});

test("an environment that cannot be used ends the process with 1 and tells all that is wrong", async () => {
  const api = new ApiProcess({ PORT: "80a", HOST: "0.0.0.0", AUTH_MODE: "none", GMAIL_USER: MAILBOX });
  assert.equal(await api.exited, 1);
  const said = api.lines.join("\n");
  assert.match(said, /PORT must be a whole number/);
  assert.match(said, /AUTH_MODE is none and HOST is 0\.0\.0\.0/);
});
