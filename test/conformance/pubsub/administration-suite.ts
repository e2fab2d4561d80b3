import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { status } from "@grpc/grpc-js";
import { aSubscription, aTopic, expected, PROJECT, type PubsubTarget, rest } from "./target.ts";

const NOT_FOUND = { code: status.NOT_FOUND };

export function administrationSuite(target: PubsubTarget): void {
  describe("topics and subscriptions", { concurrency: true, timeout: 30_000 }, () => {
    it("creates, finds, lists and deletes a topic", async () => {
      const topic = await aTopic(target);
      assert.deepEqual(await topic.exists(), [true]);
      const [topics] = await target.client.getTopics();
      assert.ok(topics.some(({ name }) => name === topic.name));
      await topic.delete();
      await assert.rejects(topic.getMetadata(), NOT_FOUND);
    });

    it("refuses a topic that is there already", async () => {
      const topic = await aTopic(target);
      await assert.rejects(target.client.createTopic(topic.name), { code: status.ALREADY_EXISTS });
    });

    it("shows a subscription as it was made", async () => {
      const [topic, deadLetters] = [await aTopic(target), await aTopic(target)];
      const subscription = await aSubscription(topic, {
        ackDeadlineSeconds: 60,
        enableMessageOrdering: true,
        messageRetentionDuration: { seconds: 3600 },
        labels: { team: "sales" },
        retryPolicy: { minimumBackoff: { seconds: 10 }, maximumBackoff: { seconds: 600 } },
        deadLetterPolicy: { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 20 },
        pushConfig: {
          pushEndpoint: "https://worker.example.test/push?from=pubsub",
          oidcToken: { serviceAccountEmail: "push@demo.example", audience: "https://worker.example.test" },
        },
      });
      const [shown] = await subscription.getMetadata();
      assert.equal(shown.name, subscription.name);
      assert.equal(shown.topic, topic.name);
      assert.equal(shown.ackDeadlineSeconds, 60);
      assert.equal(shown.enableMessageOrdering, true);
      assert.equal(Number(shown.messageRetentionDuration?.seconds), 3600);
      assert.deepEqual(shown.labels, { team: "sales" });
      assert.equal(Number(shown.retryPolicy?.minimumBackoff?.seconds), 10);
      assert.equal(Number(shown.retryPolicy?.maximumBackoff?.seconds), 600);
      assert.deepEqual(shown.deadLetterPolicy, { deadLetterTopic: deadLetters.name, maxDeliveryAttempts: 20 });
      assert.equal(shown.pushConfig?.pushEndpoint, "https://worker.example.test/push?from=pubsub");
      assert.equal(shown.pushConfig?.oidcToken?.serviceAccountEmail, "push@demo.example");
      assert.equal(shown.pushConfig?.oidcToken?.audience, "https://worker.example.test");
    });

    it("fills in the defaults", async () => {
      const subscription = await aSubscription(await aTopic(target), {
        deadLetterPolicy: { deadLetterTopic: (await aTopic(target)).name },
      });
      const [shown] = await subscription.getMetadata();
      assert.equal(shown.ackDeadlineSeconds, 10);
      assert.equal(Number(shown.messageRetentionDuration?.seconds), 7 * 86_400);
      assert.equal(shown.deadLetterPolicy?.maxDeliveryAttempts, 5);
    });

    it("updates what may be updated", async () => {
      const subscription = await aSubscription(await aTopic(target));
      await subscription.setMetadata({
        ackDeadlineSeconds: 30,
        retryPolicy: { minimumBackoff: { seconds: 1 }, maximumBackoff: { seconds: 2 } },
      });
      const [shown] = await subscription.getMetadata();
      assert.equal(shown.ackDeadlineSeconds, 30);
      assert.equal(Number(shown.retryPolicy?.maximumBackoff?.seconds), 2);
    });

    it("updates a topic's labels", async () => {
      const topic = await aTopic(target);
      const outcome = await topic.setMetadata({ labels: { team: "sales" } }).then(
        () => "accepted",
        () => "refused",
      );
      assert.equal(outcome, expected(target, "update-topic-labels", "accepted"));
    });

    it("leaves the subscription when its topic is deleted", async () => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic);
      await topic.delete();
      assert.equal((await subscription.getMetadata())[0].topic, "_deleted-topic_");
    });

    it("forgets a deleted subscription", async () => {
      const topic = await aTopic(target);
      const subscription = await aSubscription(topic);
      await subscription.delete();
      await assert.rejects(subscription.getMetadata(), NOT_FOUND);
      const [left] = await topic.getSubscriptions();
      assert.deepEqual(left, []);
    });

    it("pages through lists", async () => {
      const topic = await aTopic(target);
      const names = [await aSubscription(topic), await aSubscription(topic), await aSubscription(topic)].map(
        ({ name }) => name,
      );
      const path = topic.name.slice(`projects/${PROJECT}/`.length);
      const first = await rest(target, "GET", `${path}/subscriptions?pageSize=2`);
      const second = await rest(
        target,
        "GET",
        `${path}/subscriptions?pageSize=2&pageToken=${encodeURIComponent(first.body.nextPageToken ?? "")}`,
      );
      assert.equal(first.body.subscriptions.length, 2);
      assert.equal(second.body.nextPageToken ?? "", "");
      assert.deepEqual([...first.body.subscriptions, ...second.body.subscriptions].sort(), names.sort());
    });

    it("answers errors in Google's envelope", async () => {
      const { status: httpStatus, body } = await rest(target, "GET", "topics/nothing-here");
      assert.equal(httpStatus, 404);
      assert.equal(body.error.code, 404);
      assert.equal(body.error.status, "NOT_FOUND");
      assert.equal(typeof body.error.message, "string");
    });
  });
}
