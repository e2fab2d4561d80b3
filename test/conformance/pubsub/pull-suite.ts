import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Message, Subscription } from "@google-cloud/pubsub";
import { aSubscription, aTopic, PROJECT, type PubsubTarget, rest } from "./target.ts";

export function pullSuite(target: PubsubTarget): void {
  describe("pull", { concurrency: true, timeout: 30_000 }, () => {
    it("brings what was published, once", async (t) => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic);
      const id = await topic.publishMessage({ data: Buffer.from("héllo"), attributes: { Kind: "é", k: "v" } });
      const [message] = await received(t, subscription, 1, (m) => m.ack());
      assert.equal(message?.id, id);
      assert.equal(message?.data.toString("utf8"), "héllo");
      assert.deepEqual(message?.attributes, { Kind: "é", k: "v" });
      assert.ok(Math.abs((message?.publishTime.getTime() ?? 0) - Date.now()) < 60_000);
    });

    it("gives every subscription its own copy", async (t) => {
      const topic = await aTopic(target);
      const subscriptions = [await aSubscription(topic), await aSubscription(topic)];
      await topic.publishMessage({ data: Buffer.from("x") });
      const copies = await Promise.all(
        subscriptions.map((subscription) => received(t, subscription, 1, (m) => m.ack())),
      );
      assert.deepEqual(
        copies.flat().map(({ data }) => data.toString()),
        ["x", "x"],
      );
    });

    it("brings back what was not acknowledged", async (t) => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic);
      await topic.publishMessage({ data: Buffer.from("x") });
      let nacked = false;
      const messages = await received(t, subscription, 2, (message) => {
        if (nacked) message.ack();
        else message.nack();
        nacked = true;
      });
      assert.equal(messages[0]?.id, messages[1]?.id);
    });

    it("keeps the order of a key", async (t) => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic, { enableMessageOrdering: true });
      topic.setPublishOptions({ messageOrdering: true });
      const numbers = Array.from({ length: 20 }, (_none, n) => String(n));
      await Promise.all(
        numbers.flatMap((n) =>
          ["red", "blue"].map((orderingKey) => topic.publishMessage({ data: Buffer.from(n), orderingKey })),
        ),
      );
      const messages = await received(t, subscription, 40, (m) => m.ack());
      for (const key of ["red", "blue"]) {
        assert.deepEqual(
          messages.filter((m) => m.orderingKey === key).map((m) => m.data.toString()),
          numbers,
        );
      }
    });

    it("can be done in JSON: pull, extend, acknowledge", async () => {
      const topic = await aTopic(target);
      const path = (await aSubscription(topic)).name.slice(`projects/${PROJECT}/`.length);
      await topic.publishMessage({ data: Buffer.from("x") });
      const pulled = await rest(target, "POST", `${path}:pull`, { maxMessages: 10 });
      const [{ ackId, message } = missing()] = pulled.body.receivedMessages ?? [];
      assert.equal(Buffer.from(message.data, "base64").toString(), "x");
      const ackIds = [ackId];
      assert.equal(
        (await rest(target, "POST", `${path}:modifyAckDeadline`, { ackIds, ackDeadlineSeconds: 60 })).status,
        200,
      );
      assert.equal((await rest(target, "POST", `${path}:acknowledge`, { ackIds })).status, 200);
      const after = await rest(target, "POST", `${path}:pull`, { maxMessages: 10, returnImmediately: true });
      assert.deepEqual(after.body.receivedMessages ?? [], []);
    });

    it("counts deliveries for a subscription with dead letters, and forwards after the last", async (t) => {
      const [topic, deadLetters] = [await aTopic(target), await aTopic(target)];
      const grave = await aSubscription(deadLetters);
      const subscription = await aSubscription(topic, {
        deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 5 },
      });
      await topic.publishMessage({ data: Buffer.from("x") });
      const messages = await received(t, subscription, 5, (m) => m.nack());
      assert.deepEqual(
        messages.map((m) => m.deliveryAttempt),
        [1, 2, 3, 4, 5],
      );
      const [letter] = await received(t, grave, 1, (m) => m.ack());
      assert.equal(letter?.attributes.CloudPubSubDeadLetterSourceDeliveryCount, "5");
    });

    it("brings back what was acknowledged since the time of a seek", async (t) => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic, { retainAckedMessages: true });
      const before = new Date(Date.now() - 60_000);
      const id = await topic.publishMessage({ data: Buffer.from("x") });
      await received(t, subscription, 1, (m) => m.ack());
      await target.quiet(subscription.name);
      const redelivered = received(t, subscription, 1, (m) => m.ack());
      await subscription.seek(before);
      const [again] = await redelivered;
      assert.equal(again?.id, id);
    });

    it("drops what was published before the time of a seek", async () => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic);
      await topic.publishMessage({ data: Buffer.from("old") });
      await subscription.seek(new Date(Date.now() + 1_000));
      const path = subscription.name.slice(`projects/${PROJECT}/`.length);
      const pulled = await rest(target, "POST", `${path}:pull`, { maxMessages: 10, returnImmediately: true });
      assert.deepEqual(pulled.body.receivedMessages ?? [], []);
    });
  });
}

/** The first `count` messages of a stream, each settled as it comes; the stream closes with the test. */
async function received(
  t: TestContext,
  subscription: Subscription,
  count: number,
  settle: (message: Message) => void,
): Promise<Message[]> {
  const messages: Message[] = [];
  t.after(() => subscription.close());
  await new Promise<void>((resolve, reject) => {
    subscription.on("error", reject);
    subscription.on("message", (message: Message) => {
      if (messages.length === count) return;
      messages.push(message);
      settle(message);
      if (messages.length === count) resolve();
    });
  });
  return messages;
}

function missing(): never {
  throw new Error("nothing was pulled");
}
