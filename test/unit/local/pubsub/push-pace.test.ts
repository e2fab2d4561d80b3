import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PushBackoff } from "@draftmill/local/pubsub/push-backoff.ts";
import { PushWindow } from "@draftmill/local/pubsub/push-window.ts";
import { retryDelayMs } from "@draftmill/local/pubsub/retry-delay.ts";

describe("the push window", () => {
  it("grows with each ack up to its cap", () => {
    const window = new PushWindow({ initial: 5, max: 8 });
    for (let acks = 0; acks < 10; acks++) window.ack();
    assert.equal(window.size, 8);
  });

  it("halves once for a round that fails together, and never below one", () => {
    const window = new PushWindow({ initial: 64, max: 1000 });
    const { round } = window;
    for (let nacks = 0; nacks < 64; nacks++) window.nack(round);
    assert.equal(window.size, 32);
    for (let rounds = 0; rounds < 20; rounds++) window.nack(window.round);
    assert.equal(window.size, 1);
  });
});

describe("a push window with a floor", () => {
  it("halves down to the floor", () => {
    const window = new PushWindow({ initial: 64, max: 1000, min: 20 });
    for (let rounds = 0; rounds < 20; rounds++) window.nack(window.round);
    assert.equal(window.size, 20);
  });
});

describe("push backoff", () => {
  it("leaves a lone failure among successes without effect", () => {
    const backoff = new PushBackoff();
    for (let acks = 0; acks < 100; acks++) backoff.ack();
    backoff.nack(1_000);
    assert.ok(backoff.untilMs < 1_000);
  });

  it("spaces deliveries by about half a second when one in five fails", () => {
    const backoff = new PushBackoff();
    let pauseMs = 0;
    for (let n = 0; n < 100; n++) {
      for (let acks = 0; acks < 4; acks++) backoff.ack();
      backoff.nack(n * 1_000);
      pauseMs = backoff.untilMs - n * 1_000;
    }
    assert.ok(pauseMs > 250 && pauseMs < 1_000, `${pauseMs} ms`);
  });

  it("stops a subscription that only fails for 30 to 60 seconds, and no longer", () => {
    const backoff = new PushBackoff();
    let nowMs = 0;
    for (let nacks = 0; nacks < 200; nacks++) {
      backoff.nack(nowMs);
      const pauseMs = backoff.untilMs - nowMs;
      assert.ok(pauseMs <= 60_000);
      if (nacks > 30) assert.ok(pauseMs >= 30_000, `${pauseMs} ms after ${nacks} failures`);
      nowMs = Math.max(nowMs, backoff.untilMs);
    }
  });
});

describe("the retry delay", () => {
  const retry = { minimumBackoffMs: 10_000, maximumBackoffMs: 600_000 };
  const delays = (random: () => number) => [1, 2, 3, 7, 100].map((failures) => retryDelayMs(retry, failures, random));

  it("doubles from the minimum to the maximum", () => {
    assert.deepEqual(
      delays(() => 0),
      [10_000, 20_000, 40_000, 600_000, 600_000],
    );
  });

  it("is longer by up to a tenth, but never than the maximum", () => {
    assert.deepEqual(
      delays(() => 1),
      [11_000, 22_000, 44_000, 600_000, 600_000],
    );
  });

  it("is none without a policy", () => {
    assert.equal(
      retryDelayMs(undefined, 3, () => 1),
      0,
    );
  });
});
