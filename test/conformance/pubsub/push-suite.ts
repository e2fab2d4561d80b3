import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PushedRequest, startPushEndpoint } from "./push-endpoint.ts";
import { aSubscription, aTopic, expected, type PubsubTarget } from "./target.ts";

const OIDC = { serviceAccountEmail: "push@demo.example" };

export function pushSuite(target: PubsubTarget): void {
  describe("push", { concurrency: true, timeout: 45_000 }, () => {
    it("posts a message with all its parts to the endpoint, its query included", async (t) => {
      const endpoint = await startPushEndpoint(t, () => 204);
      const topic = await aTopic(target);
      const deadLetters = await aTopic(target);
      const subscription = await aSubscription(topic, {
        enableMessageOrdering: true,
        deadLetterPolicy: { deadLetterTopic: deadLetters.name },
        pushConfig: { pushEndpoint: `${endpoint.url}?key=abc`, oidcToken: OIDC },
      });
      topic.setPublishOptions({ messageOrdering: true });
      const messageId = await topic.publishMessage({
        data: Buffer.from("x"),
        attributes: { k: "é" },
        orderingKey: "red",
      });
      const [{ body, headers, url } = missing()] = await endpoint.received(1);
      assert.equal(url, "/push?key=abc");
      assert.equal(headers["content-type"], "application/json");
      assert.equal(body.subscription, subscription.name);
      assert.equal(body.message.data, "eA==");
      assert.deepEqual(body.message.attributes, { k: "é" });
      assert.equal(body.message.messageId, messageId);
      assert.equal(body.message.message_id, messageId);
      assert.equal(body.message.publish_time, body.message.publishTime);
      assert.ok(Math.abs(Date.parse(body.message.publishTime) - Date.now()) < 60_000);
      assert.equal(body.message.orderingKey === "red", expected(target, "ordering-key-in-push", true));
      assert.equal(body.deliveryAttempt === 1, expected(target, "delivery-attempt-in-push", true));
      assert.equal(/^Bearer .+\..+\..+$/.test(headers.authorization ?? ""), expected(target, "push-token", true));
    });

    it("leaves out what does not apply", async (t) => {
      const { endpoint, topic } = await pushed(target, t, () => 204);
      await topic.publishMessage({ attributes: { k: "v" } });
      await topic.publishMessage({ data: Buffer.from("x") });
      const requests = await endpoint.received(2);
      for (const { body, headers } of requests) {
        assert.equal("deliveryAttempt" in body, false);
        assert.equal("orderingKey" in body.message, false);
        assert.equal(headers.authorization, undefined);
        const both = "data" in body.message && "attributes" in body.message;
        assert.equal(both, expected(target, "empty-fields-in-push", false));
      }
    });

    for (const code of [200, 201, 204]) {
      it(`takes ${code} for an acknowledgement`, (t) =>
        settlesBy(target, t, (r) => void r.response.writeHead(code).end(), "ack"));
    }

    for (const code of [205, 206, 300, 304, 400, 401, 403, 404, 409, 429, 500, 502, 503]) {
      it(`sends again after ${code}`, (t) =>
        settlesBy(target, t, (r) => void r.response.writeHead(code).end(), "nack"));
    }

    it("takes 202 for an acknowledgement", (t) =>
      settlesBy(target, t, (r) => void r.response.writeHead(202).end(), expected(target, "answer-202", "ack")));

    it("sends again after 203", (t) =>
      settlesBy(target, t, (r) => void r.response.writeHead(203).end(), expected(target, "answer-203", "nack")));

    it("takes 102 for an acknowledgement, whatever follows", (t) =>
      settlesBy(
        target,
        t,
        ({ response }) => {
          response.writeProcessing();
          setImmediate(() => response.writeHead(500).end());
        },
        "ack",
      ));

    it("does not follow a redirect", async (t) => {
      const elsewhere = await startPushEndpoint(t, () => 200);
      const redirect = ({ response }: PushedRequest) => void response.writeHead(302, { location: elsewhere.url }).end();
      await settlesBy(target, t, redirect, expected(target, "answer-302", "nack"));
    });

    it("keeps trying while nobody listens", async (t) => {
      const { endpoint, topic, subscription } = await pushed(target, t, () => 204);
      await subscription.modifyPushConfig({ pushEndpoint: "http://127.0.0.1:1/" });
      await topic.publishMessage({ data: Buffer.from("x") });
      await subscription.modifyPushConfig({ pushEndpoint: endpoint.url });
      assert.equal((await endpoint.received(1)).length, 1);
    });

    it("gives up a request at the ack deadline and sends the message again", async (t) => {
      const { endpoint, topic } = await pushed(target, t, ({ index }) => (index === 0 ? undefined : 204));
      await topic.publishMessage({ data: Buffer.from("x") });
      const [first = missing(), second = missing()] = await endpoint.received(2);
      assert.equal(second.body.message.messageId, first.body.message.messageId);
      await Promise.race([first.over, target.quiet(second.body.subscription)]);
      assert.equal(first.response.closed, expected(target, "request-broken-off-at-deadline", true));
    });

    it("has more than two requests under way", async (t) => {
      const { endpoint, topic } = await pushed(target, t, ({ response }) => {
        setTimeout(() => response.writeHead(204).end(), 50);
        return undefined;
      });
      await Promise.all(Array.from({ length: 30 }, () => topic.publishMessage({ data: Buffer.from("x") })));
      await endpoint.received(30);
      const most = endpoint.mostOpen > 2 ? "more than 2" : String(endpoint.mostOpen);
      assert.equal(most, expected(target, "pushes-at-once", "more than 2"));
    });

    it("keeps one message of a key under way, and the order through a failure", async (t) => {
      const endpoint = await startPushEndpoint(t, ({ index }) => (index === 0 ? 500 : 204));
      const topic = await aTopic(target);
      await aSubscription(topic, { enableMessageOrdering: true, pushConfig: { pushEndpoint: endpoint.url } });
      topic.setPublishOptions({ messageOrdering: true });
      await Promise.all(
        ["1", "2", "3"].map((text) => topic.publishMessage({ data: Buffer.from(text), orderingKey: "red" })),
      );
      const requests = await endpoint.received(4);
      assert.deepEqual(
        requests.map(({ text }) => text),
        ["1", "1", "2", "3"],
      );
      assert.equal(endpoint.mostOpen, 1);
    });

    it("pauses without a push endpoint and resumes with one", async (t) => {
      const { endpoint, topic, subscription } = await pushed(target, t, () => 204);
      await subscription.modifyPushConfig({});
      await topic.publishMessage({ data: Buffer.from("x") });
      assert.equal(endpoint.requests.length, 0);
      await subscription.modifyPushConfig({ pushEndpoint: endpoint.url });
      assert.equal((await endpoint.received(1))[0]?.text, "x");
    });
  });
}

async function pushed(
  target: PubsubTarget,
  t: Parameters<typeof startPushEndpoint>[0],
  answer: Parameters<typeof startPushEndpoint>[1],
) {
  const endpoint = await startPushEndpoint(t, answer);
  const topic = await aTopic(target);
  const subscription = await aSubscription(topic, {
    ackDeadlineSeconds: target.ackDeadlineSeconds,
    pushConfig: { pushEndpoint: endpoint.url },
  });
  return { endpoint, topic, subscription };
}

/** Answers the first request in a given way and later ones with 200; a second one means that the first was a nack. */
async function settlesBy(
  target: PubsubTarget,
  t: Parameters<typeof startPushEndpoint>[0],
  first: (request: PushedRequest) => void,
  settlement: string | number | boolean,
): Promise<void> {
  const { endpoint, topic, subscription } = await pushed(target, t, (request) => {
    if (request.index > 0) return 200;
    first(request);
    return undefined;
  });
  await topic.publishMessage({ data: Buffer.from("x") });
  await endpoint.received(settlement === "nack" ? 2 : 1);
  await target.quiet(subscription.name);
  assert.equal(endpoint.requests.length === 1 ? "ack" : "nack", settlement);
}

function missing(): never {
  throw new Error("nothing was pushed");
}
