import assert from "node:assert/strict";
import { test } from "node:test";
import { Latencies } from "../../bench/measure/latencies.ts";
import {
  floorOf,
  growthOf,
  median,
  type Point,
  pairedRatio,
  slopeOf,
  summarise,
} from "../../bench/measure/statistics.ts";
import { chanceOf } from "../../support/chance.ts";

const GROWTH_MAX = 0.1;

/** A heap of 60 MB over an hour that is sampled ten times a minute: it fills and is collected, and wanders a little. */
function heap(leakMbPerHour: number, seed: number): Point[] {
  const chance = chanceOf(seed);
  return Array.from({ length: 600 }, (_, n) => {
    const x = n / 10;
    const sawtooth = ((n * 7) % 40) + chance() * 10;
    return { x, y: 60 + sawtooth + chance() * 3 + (leakMbPerHour * x) / 60 };
  });
}

test("the median is the middle value, whatever the order, and the mean of two", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
  assert.deepEqual(summarise([3, 1, 2]), { median: 2, least: 1, most: 3, rounds: 3 });
});

test("a ratio is taken round by round, so that a slow round of both does not move it", () => {
  assert.deepEqual(pairedRatio([10, 100, 20], [5, 50, 10]), { median: 2, least: 2, most: 2, rounds: 3 });
  assert.throws(() => pairedRatio([1], [1, 2]), RangeError);
});

test("the slope of a line is found, with a third of its points far off", () => {
  const line = Array.from({ length: 30 }, (_, x) => ({ x, y: 2 * x + 5 + (x % 3 === 0 ? 1_000 * (x % 2) : 0) }));
  const { estimate, low, high } = slopeOf(line);
  assert.ok(Math.abs(estimate - 2) < 0.5, `${estimate}`);
  assert.ok(low <= 2 && high >= 2, `${low} to ${high}`);
});

test("a heap that leaks a fifth of itself in an hour grows, whatever the noise", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { grows, share } = growthOf(floorOf(heap(15, seed), 30), GROWTH_MAX);
    assert.ok(grows, `seed ${seed}: ${share}`);
  }
});

test("a heap that only wanders does not grow, and neither does one that shrinks", () => {
  for (let seed = 1; seed <= 20; seed++) {
    assert.equal(growthOf(floorOf(heap(0, seed), 30), GROWTH_MAX).grows, false, `seed ${seed}`);
    assert.equal(growthOf(floorOf(heap(-15, seed), 30), GROWTH_MAX).grows, false, `seed ${seed}`);
  }
});

test("what cannot be judged counts as growth", () => {
  assert.equal(growthOf([], GROWTH_MAX).grows, true);
});

test("a floor is the least point of each stretch, where it was", () => {
  const points = [5, 3, 4, 9, 7, 8].map((y, x) => ({ x, y }));
  assert.deepEqual(floorOf(points, 2), [
    { x: 1, y: 3 },
    { x: 4, y: 7 },
  ]);
});

test("latencies are told to within a twentieth", () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms);
  for (const share of [0.5, 0.99]) {
    const told = latencies.quantile(share);
    assert.ok(Math.abs(told / (share * 1_000) - 1) < 0.06, `${share}: ${told}`);
  }
  latencies.reset();
  assert.ok(Number.isNaN(latencies.quantile(0.5)));
});
