import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsLeft } from "@draftmill/api/batches/seconds-left.ts";
import { type Batch, newBatch } from "@draftmill/shared/batch/batch.ts";

const STARTED_MS = 1_000_000;
const batch = newBatch(
  { id: "b", name: null, caller: null, source: "items", total: 10_000, rejected: 0, mailboxes: {} },
  STARTED_MS,
);

function left(changes: Partial<Batch>, open: { left: number; most: number }, afterSeconds: number): number | null {
  const quota = { unitsPerMinute: 6_000, nowMs: STARTED_MS + afterSeconds * 1_000 };
  return secondsLeft({ ...batch, ...changes }, open, quota);
}

test("at first the quota tells: ten drafts a second and mailbox, and the fullest mailbox counts", () => {
  assert.equal(left({}, { left: 10_000, most: 10_000 }, 0), 1_000);
  assert.equal(left({}, { left: 10_000, most: 1_000 }, 1), 100);
  assert.equal(left({}, { left: 9_999, most: 1 }, 1), 1);
});

test("from a twentieth on its own speed tells, if that is slower", () => {
  assert.equal(left({}, { left: 9_501, most: 950 }, 100), 95);
  assert.equal(left({}, { left: 9_500, most: 950 }, 100), 1_900);
  assert.equal(left({}, { left: 5_000, most: 5_000 }, 100), 500);
});

test("after a pause the time before it says nothing", () => {
  assert.equal(left({ resumedAtMs: STARTED_MS + 1 }, { left: 5_000, most: 500 }, 90_000), 50);
});

test("nothing is told of what stands still or is over", () => {
  assert.equal(left({ control: "paused" }, { left: 5, most: 5 }, 1), null);
  assert.equal(left({ control: "canceled" }, { left: 5, most: 5 }, 1), null);
  assert.equal(left({}, { left: 0, most: 0 }, 1), null);
});
