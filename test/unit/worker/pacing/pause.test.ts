import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fewer, more, UNBOUNDED } from "@draftmill/worker/pacing/at-once.ts";
import { isFirstMinuteSpent, nextPause, type Pause, spreadMs } from "@draftmill/worker/pacing/pause.ts";

/** The pauses in seconds, each after the one before it was over and a call refused again. */
function pausesS(
  limit: "rate" | "concurrency",
  unitsPerMinute: number,
  count: number,
  openedMs: number | null = null,
): number[] {
  const pauses: number[] = [];
  let pause: Pause | null = null;
  let nowMs = 0;
  for (let n = 0; n < count; n += 1) {
    pause = nextPause(pause, limit, unitsPerMinute, nowMs, openedMs);
    nowMs += pause.ms;
    pauses.push(pause.ms / 1_000);
  }
  return pauses;
}

describe("the pauses of a mailbox that is refused again and again", () => {
  it("6 s at most while a quota per minute may come back, then ever longer up to about a minute", () => {
    const minute = [2, 4, ...Array.from({ length: 9 }, () => 6)];
    assert.deepEqual(pausesS("rate", 6_000, 15), [...minute, 12, 24, 48, 64]);
  });

  it("until the first minute is nearly over, once what tries after the first refusal of all is refused too", () => {
    assert.deepEqual(pausesS("rate", 6_000, 6, -10_000), [2, 40, 6, 6, 6, 12]);
    assert.deepEqual(pausesS("concurrency", 6_000, 3, -10_000), [0.5, 1, 2]);
  });

  it("and that minute alone is what a second refusal tells of", () => {
    const pause = nextPause(null, "rate", 6_000, 1_000, 0);
    assert.deepEqual(
      [3_000, 59_999, 60_000].map((nowMs) => isFirstMinuteSpent(pause, nowMs)),
      [true, true, false],
    );
    assert.equal(isFirstMinuteSpent(nextPause(null, "rate", 6_000, 1_000, null), 3_000), false);
  });

  it("as long as four drafts of its share take, where many share a quota", () => {
    assert.deepEqual(pausesS("rate", 300, 3), [8, 8, 8]);
    assert.deepEqual(pausesS("rate", 12, 2), [30, 30]);
  });

  it("half a second at first, whatever the share, where too many calls ran at once", () => {
    assert.deepEqual(pausesS("concurrency", 12, 6), [0.5, 1, 2, 4, 6, 6]);
  });

  it("are made longer by chance, never shorter", () => {
    const pause = nextPause(null, "rate", 6_000, 0, null);
    assert.deepEqual(
      [0, 0.5, 1].map((random) => spreadMs(pause, random)),
      [0, 400, 800],
    );
    assert.equal(spreadMs({ ...pause, ms: 40_000 }, 1), 8_000);
  });
});

describe("how many calls of a mailbox may run at once", () => {
  it("any number before Gmail refuses one for that, then three quarters of those that ran, one at least", () => {
    assert.equal(UNBOUNDED.limit, Number.POSITIVE_INFINITY);
    assert.deepEqual(
      [64, 12, 3, 2, 1].map((running) => fewer(running, 0).limit),
      [48, 9, 2, 1, 1],
    );
  });

  it("one more each half minute in which all that may run do", () => {
    const four = fewer(6, 0);
    assert.deepEqual(more(four, 4, 29_999), four);
    assert.deepEqual(more(four, 3, 30_000), four);
    assert.deepEqual(more(four, 4, 30_000), { limit: 5, sinceMs: 30_000 });
    assert.equal(more(UNBOUNDED, 100, 30_000), UNBOUNDED);
  });
});
