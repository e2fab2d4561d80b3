import assert from "node:assert/strict";
import { it } from "node:test";
import { runForReal } from "../pacing/real-run.ts";
import { percent, seconds } from "../pacing/table.ts";

const WITHIN_MS = 120_000;

it("three workers at three mailboxes' quota: every draft once, nothing given back, one push of a key at a time", {
  timeout: 180_000,
}, async (t) => {
  // Twenty minutes pass in one, and a minute's quota is thirty drafts: more than one minute's worth for each mailbox.
  const load = { workers: 3, mailboxes: 3, draftsEach: 80, unitsPerMinute: 300, timeLapse: 20 };
  const figures = await runForReal(load, WITHIN_MS);
  const { nacks, dead, outstandingPerKeyMax, refusedShare, drainedMs, optimumMs } = figures;
  assert.deepEqual({ nacks, dead, outstandingPerKeyMax }, { nacks: 0, dead: 0, outstandingPerKeyMax: 1 });
  t.diagnostic(
    `${percent(refusedShare)} % of the calls refused; ${seconds(drainedMs)} s for the ${seconds(optimumMs)} s that it takes`,
  );
});
