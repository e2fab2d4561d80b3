import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { PubsubOptions } from "@draftmill/local/pubsub/start-pubsub.ts";
import type { CreateSubscriptionOptions } from "@google-cloud/pubsub";
import { ManualClock } from "../../support/manual-clock.ts";
import { type PushedRequest, startPushEndpoint } from "./push-endpoint.ts";
import { aSubscription, aTopic, startEmbeddedTarget } from "./target.ts";

describe("the embedded Pub/Sub, by the clock", { timeout: 30_000 }, () => {
  it("waits as the retry policy says: the minimum, doubled each time, capped", async (t) => {
    const retryPolicy = { minimumBackoff: { seconds: 10 }, maximumBackoff: { seconds: 60 } };
    const { clock, endpoint, topic, outcomes } = await timed(t, () => 500, { retryPolicy });
    await topic.publishMessage({ data: Buffer.from("x") });
    for (const [failures, seconds] of [10, 20, 40, 60, 60].entries()) {
      await outcomes(failures + 1);
      await clock.advance(seconds * 1000 - 1);
      assert.equal(endpoint.requests.length, failures + 1);
      await clock.advance(1);
      await endpoint.received(failures + 2);
    }
  });

  it("breaks a request off at the ack deadline, not before", async (t) => {
    const { clock, endpoint, topic } = await timed(t, ({ index }) => (index === 0 ? undefined : 204), {
      ackDeadlineSeconds: 600,
    });
    await topic.publishMessage({ data: Buffer.from("x") });
    const [first] = await endpoint.received(1);
    await clock.advance(599_999);
    assert.equal(first?.response.closed, false);
    await clock.advance(1);
    await first?.over;
    assert.equal((await endpoint.received(2))[1]?.text, "x");
  });

  it("drops a message at the end of its retention, without a dead letter", async (t) => {
    const retryPolicy = { minimumBackoff: { seconds: 600 }, maximumBackoff: { seconds: 600 } };
    const settings = { retryPolicy, messageRetentionDuration: { seconds: 660 } };
    const { clock, endpoint, topic, outcomes, idle } = await timed(t, () => 500, settings);
    await topic.publishMessage({ data: Buffer.from("x") });
    await outcomes(1);
    await clock.advance(600_000);
    await outcomes(2);
    await clock.advance(120_000);
    await idle();
    assert.equal(endpoint.requests.length, 2);
  });

  it("stops a subscription whose pushes all fail for up to a minute, however healthy the next message is", async (t) => {
    const { clock, endpoint, topic, outcomes } = await timed(
      t,
      ({ text }) => (text === "bad" ? 500 : 204),
      {},
      { pushBackoff: true },
    );
    await topic.publishMessage({ data: Buffer.from("bad") });
    for (let failures = 1; failures < 40; failures++) {
      await outcomes(failures);
      await clock.advance(60_000);
    }
    await outcomes(40);
    await topic.publishMessage({ data: Buffer.from("good") });
    await clock.advance(30_000);
    assert.equal(
      endpoint.requests.some(({ text }) => text === "good"),
      false,
    );
    await clock.advance(30_000);
    await endpoint.received(41);
  });

  it("starts with few pushes at once and grows with each acknowledgement", async (t) => {
    const open: PushedRequest[] = [];
    const window = { pushWindow: { initial: 5, max: 1000 } };
    const { endpoint, topic } = await timed(
      t,
      (request) => {
        open.push(request);
        return undefined;
      },
      {},
      window,
    );
    await Promise.all(Array.from({ length: 40 }, () => topic.publishMessage({ data: Buffer.from("x") })));
    await endpoint.received(5);
    assert.equal(endpoint.mostOpen, 5);
    for (const { response } of open.splice(0)) response.writeHead(204).end();
    await endpoint.received(15);
    assert.equal(open.length, 10);
    for (const { response } of open.splice(0)) response.writeHead(204).end();
    await endpoint.received(35);
    assert.equal(endpoint.mostOpen, 20);
  });
});

async function timed(
  t: TestContext,
  answer: (request: PushedRequest) => number | undefined,
  settings: CreateSubscriptionOptions,
  options: Partial<PubsubOptions> = {},
) {
  const clock = new ManualClock();
  let ended = 0;
  const watchers = new Set<() => void>();
  const log = () => {
    ended += 1;
    // The outcome is recorded in the same turn, right after it is logged.
    setImmediate(() => {
      for (const watch of [...watchers]) watch();
    });
  };
  const target = await startEmbeddedTarget({ clock, log, closeGraceMs: 0, ...options });
  t.after(() => target.close());
  const endpoint = await startPushEndpoint(t, answer);
  const topic = await aTopic(target);
  const subscription = await aSubscription(topic, { ...settings, pushConfig: { pushEndpoint: endpoint.url } });
  /** Until so many pushes have ended. */
  const outcomes = (count: number) =>
    new Promise<void>((resolve) => {
      const watch = () => {
        if (ended < count) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      setImmediate(watch);
    });
  return { clock, endpoint, topic, outcomes, idle: () => target.pubsub.idle(subscription.name) };
}
