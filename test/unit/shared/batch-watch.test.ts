import assert from "node:assert/strict";
import { test } from "node:test";
import { lookLater, newBatchWatch } from "@draftmill/shared/batch/batch-watch.ts";

const STARTED_MS = 1_000_000;
const MINUTE_MS = 60_000;

test("the longer a batch takes the rarer it is looked at, at least four times an hour, and it is kept as long as it is looked at", () => {
  const fresh = newBatchWatch("b-1", STARTED_MS);
  assert.equal(fresh.lookAtMs, STARTED_MS);
  const waits = [0, MINUTE_MS, 60 * MINUTE_MS, 20 * 24 * 60 * MINUTE_MS].map((ageMs) => {
    const nowMs = STARTED_MS + ageMs;
    const later = lookLater(fresh, nowMs);
    assert.equal(later.expireAtMs - nowMs, fresh.expireAtMs - STARTED_MS);
    return later.lookAtMs - nowMs;
  });
  assert.deepEqual(waits, [0, 7_500, 7.5 * MINUTE_MS, 15 * MINUTE_MS]);
  const hour = Array.from({ length: 60 }, (_, minute) => STARTED_MS + minute * MINUTE_MS);
  let watch = fresh;
  let looks = 0;
  for (const nowMs of hour) {
    if (watch.lookAtMs > nowMs) continue;
    looks += 1;
    watch = lookLater(watch, nowMs);
  }
  assert.ok(looks < 30, `${looks} looks in an hour`);
});
