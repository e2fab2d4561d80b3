import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { PublishFailed, PubsubPublisher } from "@draftmill/api/pubsub-publisher.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { openTopicPublisher, type TopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const MESSAGE = { data: Buffer.from("{}"), attributes: { id: "a" }, orderingKey: "rep@corp.example#3" };

async function openTopic(
  t: TestContext,
  emulatorHost: string,
  topic: string,
  timeoutMs: number,
): Promise<TopicPublisher> {
  const opened = await openTopicPublisher({ topic, projectId: "demo", emulatorHost, ordered: true, timeoutMs });
  t.after(() => opened.close());
  return opened;
}

test("a failed publish tells Pub/Sub's status and no address, and the key can be published to again", async (t) => {
  const pubsub = await startPubsub({ statePath: ":memory:", signer: await createIdTokenSigner() });
  t.after(() => pubsub.close());
  const publisher = new PubsubPublisher(await openTopic(t, pubsub.hostPort, "requests", 5_000), new ManualClock());
  await assert.rejects(
    () => publisher.publish(MESSAGE),
    (error) => error instanceof PublishFailed && /^NOT_FOUND: /.test(error.message) && !error.message.includes("@"),
  );
  await fetch(`${pubsub.url}/v1/projects/demo/topics/requests`, { method: "PUT", body: "{}" });
  assert.match(await publisher.publish(MESSAGE), /^\d+$/);
});

test("a Pub/Sub that takes the connection and says nothing is given up on in time", async (t) => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  const address = silent.address();
  assert.ok(address !== null && typeof address === "object");
  const topic = await openTopic(t, `127.0.0.1:${address.port}`, "requests", 300);
  const publisher = new PubsubPublisher(topic, new ManualClock());
  const startedMs = performance.now();
  await assert.rejects(() => publisher.publish(MESSAGE), PublishFailed);
  assert.ok(performance.now() - startedMs < 2_000);
});

test("three failures in a row make it unhealthy, until one succeeds or half a minute has passed", async () => {
  const clock = new ManualClock();
  let fails = true;
  const publisher = new PubsubPublisher(
    {
      async publish() {
        if (fails) throw Object.assign(new Error("no"), { code: 14, details: "No connection established" });
        return "1";
      },
      async publishAll() {},
    },
    clock,
  );
  const fail = (): Promise<void> => assert.rejects(() => publisher.publish(MESSAGE), /UNAVAILABLE: No connection/);
  await fail();
  await fail();
  assert.equal(publisher.isHealthy(), true);
  await fail();
  assert.equal(publisher.isHealthy(), false);
  await clock.advance(30_001);
  assert.equal(publisher.isHealthy(), true);
  await fail();
  assert.equal(publisher.isHealthy(), false);
  fails = false;
  await publisher.publish(MESSAGE);
  assert.equal(publisher.isHealthy(), true);
});

test("an error without a gRPC status keeps its words, shortened and without addresses", () => {
  const failed = new PublishFailed(new Error(`Unable to publish for key "rep@corp.example#3". ${"x".repeat(500)}`));
  assert.match(failed.message, /^no answer: Unable to publish for key "\(address\)"/);
  assert.ok(failed.message.length < 350);
});
