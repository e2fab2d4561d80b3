import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsAtQuota, secondsLeft } from "@draftmill/api/batches/seconds-left.ts";
import { type Batch, newBatch } from "@draftmill/shared/batch/batch.ts";

const STARTED_MS = 1_000_000;
const QUOTA = 6_000;
const BATCH = newBatch(
  { id: "b", name: null, caller: null, source: "items", total: 0, rejected: 0, mailboxes: {} },
  STARTED_MS,
);

interface Course {
  /** Requests of each mailbox. */
  readonly mailboxes: readonly number[];
  readonly unitsPerMinute?: number;
  /** What part of its quota each mailbox is served at. */
  readonly speeds?: readonly number[];
  /** When it is paused, and until when, in seconds. */
  readonly pause?: readonly [from: number, until: number];
  /** Before the first draft. */
  readonly startsAfter?: number;
  /** Seconds after the start from which requests are due, all of them. */
  readonly dueAfter?: number;
}

interface Seen {
  readonly second: number;
  readonly done: number;
  /** What is told, and null where it stands still. */
  readonly told: number | null;
}

/** A batch from its first second to its last, in virtual time, and what was told in each of them. */
function run({ mailboxes, unitsPerMinute = QUOTA, speeds = [], pause, startsAfter = 0, dueAfter = 0 }: Course): {
  readonly seen: readonly Seen[];
  readonly seconds: number;
} {
  const total = mailboxes.reduce((sum, one) => sum + one, 0);
  const perSecond = mailboxes.map((_, n) => ((speeds[n] ?? 1) * unitsPerMinute) / 600);
  const served = mailboxes.map(() => 0);
  const seen: Seen[] = [];
  const dueMs = STARTED_MS + dueAfter * 1_000;
  const notBefore = dueAfter === 0 ? null : { firstMs: dueMs, lastMs: dueMs };
  for (let second = 0; ; second++) {
    const left = mailboxes.map((count, n) => ({ total: count, left: count - Math.floor(served[n] ?? 0) }));
    const done = total - left.reduce((sum, one) => sum + one.left, 0);
    if (done === total) return { seen, seconds: second };
    const isPaused = pause !== undefined && second >= pause[0] && second < pause[1];
    const pausedMs = pause !== undefined && second >= pause[1] ? (pause[1] - pause[0]) * 1_000 : 0;
    const batch: Batch = { ...BATCH, control: isPaused ? "paused" : "open", pausedMs, notBefore };
    const nowMs = STARTED_MS + second * 1_000;
    seen.push({ second, done: done / total, told: secondsLeft(batch, left, { unitsPerMinute, nowMs }) });
    if (isPaused || second < startsAfter || second < dueAfter) continue;
    for (const [n, count] of mailboxes.entries())
      served[n] = Math.min(count, (served[n] ?? 0) + (perSecond[n] ?? 0) + 1e-9);
  }
}

for (const [what, course, from] of [
  ["one mailbox at its quota", { mailboxes: [5_000] }, 0],
  ["a newer project's larger quota", { mailboxes: [20_000], unitsPerMinute: 15_000 }, 0],
  ["mailboxes of unequal sizes", { mailboxes: [9_000, 500, 500, 20] }, 0],
  ["twenty of equal size", { mailboxes: Array.from({ length: 20 }, () => 1_000) }, 0],
  ["half the speed of the quota", { mailboxes: [3_000, 1_000], speeds: [0.5, 0.5] }, 0.05],
  ["a small mailbox that is slow and comes last", { mailboxes: [4_000, 1_000], speeds: [1, 0.1] }, 0.05],
  ["a pause that is longer than the rest", { mailboxes: [3_000, 700], pause: [100, 2_000] }, 0.05],
  ["a pause, at a third of the quota", { mailboxes: [3_000, 700], speeds: [0.3, 0.3], pause: [200, 900] }, 0.05],
  ["three seconds before its first draft", { mailboxes: [10_000, 10], startsAfter: 3 }, 0.05],
  ["requests that are due in an hour", { mailboxes: [3_000, 10], dueAfter: 3_600 }, 0],
  ["requests that are due in an hour, at half the speed", { mailboxes: [3_000], speeds: [0.5], dueAfter: 3_600 }, 0.05],
] as const satisfies readonly (readonly [string, Course, number])[]) {
  test(`the time left is within a tenth of the truth from ${from * 100} % on: ${what}`, (t) => {
    const { seen, seconds } = run(course);
    const { pause }: Course = course;
    let worst = 0;
    let told = 0;
    for (const one of seen) {
      if (one.told === null || one.done < from) continue;
      // A whole second is as near as an answer can come, and nobody foresees a pause.
      const truth = seconds - one.second - (pause !== undefined && one.second < pause[0] ? pause[1] - pause[0] : 0);
      const off = Math.max(0, Math.abs(one.told - truth) - 1) / truth;
      worst = Math.max(worst, off);
      assert.ok(off <= 0.1, `after ${one.second} s ${one.told} s were told, and it took ${truth}`);
      told += 1;
    }
    assert.ok(told > 30, "it was told too seldom to say");
    t.diagnostic(`${seconds} s, told ${told} times, off by ${(worst * 100).toFixed(1)} % at worst`);
  });
}

test("at first the quota tells: ten drafts a second and mailbox, and the fullest mailbox counts", () => {
  const at = (left: readonly number[]) =>
    secondsLeft(
      BATCH,
      left.map((one) => ({ total: one, left: one })),
      { unitsPerMinute: QUOTA, nowMs: STARTED_MS },
    );
  assert.equal(at([10_000]), 1_000);
  assert.equal(at([9_000, 1_000, 500]), 900);
  assert.equal(secondsAtQuota(10_000, QUOTA), 1_000);
});

test("nothing is told of what stands still or is over", () => {
  const told = (changes: Partial<Batch>, left: number) =>
    secondsLeft({ ...BATCH, ...changes }, [{ total: 10, left }], { unitsPerMinute: QUOTA, nowMs: STARTED_MS + 1 });
  assert.equal(told({ control: "paused" }, 5), null);
  assert.equal(told({ control: "canceled" }, 5), null);
  assert.equal(told({}, 0), null);
  assert.equal(told({}, 5), 1);
});
