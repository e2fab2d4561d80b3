import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { PubsubPublisher } from "@draftmill/api/pubsub-publisher.ts";
import { loadProtocol } from "@draftmill/local/pubsub/protocol.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { openTopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { ManualClock } from "../../support/manual-clock.ts";
import { anApi, post, REQUEST } from "./api-under-test.ts";

const ITEMS = 1_000;
const MAILBOXES = 20;
const items = Array.from({ length: ITEMS }, (_, n) => ({
  ...REQUEST,
  subject: `Offer ${n}`,
  mailbox: `rep${n % MAILBOXES}@team.example`,
}));

interface PublishRequest {
  readonly messages: readonly { readonly orderingKey: string }[];
}

/** A Pub/Sub that acknowledges and keeps what it was called with. */
async function startPubsub(t: TestContext) {
  const publishes: PublishRequest[] = [];
  const server = new Server();
  let last = 0;
  server.addService(loadProtocol().publisher, {
    Publish({ request }: ServerUnaryCall<PublishRequest, object>, answer: sendUnaryData<object>) {
      publishes.push(request);
      answer(null, { messageIds: request.messages.map(() => String(++last)) });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const listening = (error: Error | null, bound: number): void => (error === null ? resolve(bound) : reject(error));
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), listening);
  });
  t.after(() => server.forceShutdown());
  return { hostPort: `127.0.0.1:${port}`, publishes };
}

/** The api over a ledger and a publisher of which every call is counted. */
async function aCountedApi(t: TestContext) {
  const clock = new ManualClock();
  const { hostPort, publishes } = await startPubsub(t);
  const topic = await openTopicPublisher({
    topic: "requests",
    projectId: "demo",
    emulatorHost: hostPort,
    ordered: true,
    timeoutMs: 30_000,
  });
  t.after(() => topic.close());
  const folder = await mkdtemp(join(tmpdir(), "draftmill-calls-"));
  const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock });
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const calls = new Map<string, number>();
  const counted = new Proxy(store, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      calls.set(String(name), (calls.get(String(name)) ?? 0) + 1);
      return method.bind(target);
    },
  });
  const ledger = new DraftLedger(counted, { clock });
  const { app } = await anApi(t, { clock, ledger, publisher: new PubsubPublisher(topic, clock) });
  calls.clear();
  return { app, calls, publishes };
}

test("a batch of 1,000 costs the ledger three writes, and Pub/Sub one call for each ordering key", async (t) => {
  const { app, calls, publishes } = await aCountedApi(t);
  const answer = await post(app, "/v1/batches", { items });
  assert.equal(answer.statusCode, 202);
  // The batch, its watch, and that it is whole, which is read first; before the first, whether it is known.
  assert.deepEqual(Object.fromEntries(calls), { document: 2, createDocument: 2, casDocument: 1 });
  const keys = publishes.map(({ messages }) => new Set(messages.map(({ orderingKey }) => orderingKey)));
  assert.ok(keys.every(({ size }) => size === 1));
  assert.equal(publishes.length, new Set(keys.flatMap((ofOne) => [...ofOne])).size);
  assert.equal(
    publishes.reduce((sum, { messages }) => sum + messages.length, 0),
    ITEMS,
  );
});

test("an import of 1,000 rows costs the ledger what a batch does and its reading's lease, whatever its rows are", async (t) => {
  const { app, calls, publishes } = await aCountedApi(t);
  const payload = items.map((item) => `${JSON.stringify(item)}\n`).join("");
  const headers = { "content-type": "application/x-ndjson" };
  const answer = await app.inject({ method: "POST", url: "/v1/imports?import=%7B%7D", headers, payload });
  assert.equal(answer.statusCode, 202, answer.body);
  const { createDocument = 0, casDocument = 0, document = 0, ...others } = Object.fromEntries(calls);
  assert.deepEqual(others, {});
  assert.ok(createDocument + casDocument <= 8, `${createDocument + casDocument} writes`);
  assert.ok(document <= 8, `${document} reads`);
  const keys = new Set(publishes.flatMap(({ messages }) => messages.map(({ orderingKey }) => orderingKey)));
  assert.equal(publishes.length, keys.size);
});

test("a single request costs the ledger one write and no read, and Pub/Sub one call", async (t) => {
  const { app, calls, publishes } = await aCountedApi(t);
  const answer = await post(app, "/v1/drafts", { ...REQUEST, mailbox: "rep@team.example" });
  assert.equal(answer.statusCode, 202);
  assert.deepEqual(Object.fromEntries(calls), { create: 1 });
  assert.equal(publishes.length, 1);
});
