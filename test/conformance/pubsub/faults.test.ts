import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type PushedRequest, startPushEndpoint } from "./push-endpoint.ts";
import { aSubscription, aTopic, startEmbeddedTarget } from "./target.ts";

describe("faults on demand", { timeout: 30_000 }, () => {
  it("send a message twice, one after the other", async (t) => {
    const { endpoint, topic, pubsub, subscription } = await pushed(t, () => 204);
    pubsub.faults.duplicate(1, "in-turn");
    await topic.publishMessage({ data: Buffer.from("x") });
    await pubsub.idle(subscription.name);
    assert.deepEqual(
      endpoint.requests.map(({ text }) => text),
      ["x", "x"],
    );
    assert.equal(new Set(endpoint.requests.map(({ body }) => body.message.messageId)).size, 1);
    assert.equal(endpoint.mostOpen, 1);
  });

  it("send a message twice at the same time", async (t) => {
    const open: PushedRequest[] = [];
    const { endpoint, topic, pubsub, subscription } = await pushed(t, (request) => {
      open.push(request);
      if (open.length === 2) for (const { response } of open) response.writeHead(204).end();
      return undefined;
    });
    pubsub.faults.duplicate(1, "at-once");
    await topic.publishMessage({ data: Buffer.from("x") });
    await pubsub.idle(subscription.name);
    assert.equal(endpoint.requests.length, 2);
    assert.equal(endpoint.mostOpen, 2);
  });

  it("send a message as often as is asked at the same time", async (t) => {
    const open: PushedRequest[] = [];
    const { endpoint, topic, pubsub, subscription } = await pushed(t, (request) => {
      open.push(request);
      if (open.length % 20 === 0) for (const { response } of open.slice(-20)) response.writeHead(204).end();
      return undefined;
    });
    pubsub.faults.multiply(2, 20);
    for (let n = 0; n < 2; n++) {
      await topic.publishMessage({ data: Buffer.from("x") });
      await pubsub.idle(subscription.name);
    }
    assert.equal(endpoint.requests.length, 40);
    assert.equal(endpoint.mostOpen, 20);
  });

  it("lose an answer, so that the message comes again", async (t) => {
    const { endpoint, topic, pubsub, subscription } = await pushed(t, () => 204);
    pubsub.faults.dropAnswers(1, subscription.name);
    await topic.publishMessage({ data: Buffer.from("x") });
    await pubsub.idle(subscription.name);
    assert.equal(endpoint.requests.length, 2);
  });

  it("leave other subscriptions alone, and can be called off", async (t) => {
    const { endpoint, topic, pubsub, subscription } = await pushed(t, () => 204);
    pubsub.faults.dropAnswers(1, "somebody-else");
    pubsub.faults.duplicate(1, "in-turn", subscription.name.split("/").at(-1));
    pubsub.faults.clear();
    await topic.publishMessage({ data: Buffer.from("x") });
    await pubsub.idle(subscription.name);
    assert.equal(endpoint.requests.length, 1);
  });
});

async function pushed(t: TestContext, answer: (request: PushedRequest) => number | undefined) {
  const target = await startEmbeddedTarget();
  t.after(() => target.close());
  const endpoint = await startPushEndpoint(t, answer);
  const topic = await aTopic(target);
  const subscription = await aSubscription(topic, { pushConfig: { pushEndpoint: endpoint.url } });
  return { endpoint, topic, subscription, pubsub: target.pubsub };
}
