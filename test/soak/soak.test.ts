import assert from "node:assert/strict";
import { test } from "node:test";
import { runSoak } from "./soak.ts";

/** A taste of `npm run soak`, which CI runs at length. */
test("workers killed and stopped in the middle of their work lose nothing and double nothing", {
  timeout: 120_000,
}, async (t) => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const { lost, duplicated, unexplained, untold, ...figures } = await runSoak({
    requests: 150,
    kills: 12,
    pauses: 2,
    seed,
    withinMs: 100_000,
  });
  t.diagnostic(`seed ${seed}: ${JSON.stringify(figures)}`);
  const wrong = { lost, duplicated, unexplained, untold };
  assert.deepEqual(wrong, { lost: [], duplicated: [], unexplained: [], untold: [] }, `seed ${seed}`);
  assert.equal(figures.created, 150);
  assert.equal(figures.kills, 12);
});
