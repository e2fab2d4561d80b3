import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type PushedRequest, startPushEndpoint } from "./push-endpoint.ts";
import { aSubscription, aTopic, expected, type PubsubTarget } from "./target.ts";

const SOURCE = "CloudPubSubDeadLetterSource";

export function deadLetterSuite(target: PubsubTarget): void {
  describe("dead letters", { concurrency: true, timeout: 45_000 }, () => {
    it("are forwarded after the last attempt, with where they came from", async (t) => {
      const { worker, grave, topic, subscription } = await failing(target, t, false);
      const messageId = await topic.publishMessage({ data: Buffer.from("x"), attributes: { k: "v" } });
      const [letter] = await grave.received(1);
      assert.ok(letter !== undefined);
      assert.equal(worker.requests.length, 5);
      const { [`${SOURCE}TopicPublishTime`]: time = "", ...attributes } = letter.body.message.attributes ?? {};
      assert.deepEqual(attributes, {
        k: "v",
        [`${SOURCE}DeliveryCount`]: "5",
        [`${SOURCE}Subscription`]: subscription.name.split("/").at(-1),
        [`${SOURCE}SubscriptionProject`]: "demo",
      });
      const published = worker.requests[0]?.body.message.publishTime ?? "";
      assert.equal(Date.parse(time), Date.parse(published));
      assert.equal(time.endsWith("Z") ? "Z" : time.slice(-6), expected(target, "dead-letter-time", "+00:00"));
      assert.equal(letter.text, "x");
      assert.notEqual(letter.body.message.messageId, messageId);
    });

    it("follow on one request for each attempt, also when the connection breaks", async (t) => {
      const { worker, grave, topic } = await failing(target, t, false, (request) => {
        request.response.destroy();
        return undefined;
      });
      await topic.publishMessage({ data: Buffer.from("x") });
      await grave.received(1);
      assert.equal(worker.requests.length, expected(target, "requests-of-5-broken-attempts", 5));
    });

    it("are no longer made when their topic is gone: delivery goes on", async (t) => {
      const { worker, topic, deadLetters } = await failing(target, t, false);
      await deadLetters.delete();
      await topic.publishMessage({ data: Buffer.from("x") });
      await worker.received(7);
    });

    it("are not lost when the subscription keeps order, and later messages of the key go on", async (t) => {
      const { worker, grave, topic } = await failing(target, t, true);
      topic.setPublishOptions({ messageOrdering: true });
      await topic.publishMessage({ data: Buffer.from("x"), orderingKey: "red" });
      await topic.publishMessage({ data: Buffer.from("later"), orderingKey: "red" });
      await worker.received(5);
      const lost = target.quiet(worker.requests[0]?.body.subscription ?? "").then(() => grave.requests.length > 0);
      const outcome = await (target.kind === "emulator" ? lost : grave.received(1).then(() => true));
      assert.equal(outcome ? "forwarded" : "lost", expected(target, "dead-letter-with-ordering", "forwarded"));
      const later = worker.requests.some(({ text }) => text === "later");
      assert.equal(later ? "forwarded" : "lost", expected(target, "dead-letter-with-ordering", "forwarded"));
    });
  });
}

/** A worker that fails "x" for ever, and a grave for dead letters. */
async function failing(
  target: PubsubTarget,
  t: TestContext,
  enableMessageOrdering: boolean,
  fail: (request: PushedRequest) => number | undefined = () => 500,
) {
  const worker = await startPushEndpoint(t, (request) => (request.text === "x" ? fail(request) : 204));
  const grave = await startPushEndpoint(t, () => 204);
  const [topic, deadLetters] = [await aTopic(target), await aTopic(target)];
  await aSubscription(deadLetters, { pushConfig: { pushEndpoint: grave.url } });
  const subscription = await aSubscription(topic, {
    enableMessageOrdering,
    pushConfig: { pushEndpoint: worker.url },
    deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 5 },
  });
  return { worker, grave, topic, deadLetters, subscription };
}
