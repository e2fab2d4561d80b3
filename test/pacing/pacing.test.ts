import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";
import { bystandersOf } from "./bystanders.ts";
import { type Figures, figuresOf, tookOf } from "./figures.ts";
import { aloneAtStart, aloneOnes, batchOf, isAlone } from "./loads.ts";
import { CUT_TO_A_TENTH, FIXED, NEW_QUOTA, type Scenario, SLIDING } from "./scenarios.ts";
import { type Simulation, simulate } from "./simulate.ts";

const [{ mailbox: MAILBOX = "" } = {}] = batchOf(1, 1);

// Virtual time: these figures are the same on any machine.

const batch = (changes: Partial<Simulation> = {}, drafts = 10_000): Scenario => ({
  name: "batch",
  mailboxes: 1,
  simulation: {
    requests: batchOf(drafts, 1),
    workers: 1,
    gmail: { quota: FIXED, unitsPerMinute: NEW_QUOTA },
    ...changes,
  },
  seeds: 1,
});

const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

function assertWell(figures: Figures, ratioMax: number, refusedMax: number): void {
  const { ratio, refusedShare, nacks, dead, left, outstandingPerKeyMax } = figures;
  assert.deepEqual(
    { nacks, dead, left, outstandingPerKeyMax },
    { nacks: 0, dead: 0, left: 0, outstandingPerKeyMax: 1 },
  );
  assert.ok(ratio <= ratioMax, `${ratio.toFixed(3)} times the optimum`);
  assert.ok(refusedShare <= refusedMax, `${(100 * refusedShare).toFixed(1)} % refused`);
}

describe("10,000 drafts for one mailbox at the speed of Gmail's quota, in virtual time", () => {
  for (const quota of [FIXED, SLIDING]) {
    it(`one worker, ${quota.kind} minutes: nothing is refused`, async () => {
      const figures = await figuresOf(batch({ gmail: { quota, unitsPerMinute: NEW_QUOTA } }));
      assertWell(figures, 1.05, 0.001);
    });

    for (const workers of quota.kind === "fixed" ? [8, 20] : [8]) {
      it(`${workers} workers that know nothing of each other, ${quota.kind} minutes`, async () => {
        const scenario = batch({ workers, gmail: { quota, unitsPerMinute: NEW_QUOTA } });
        const figures = await figuresOf({ ...scenario, seeds: 3 });
        assertWell(figures, workers > 8 ? 1.1 : 1.07, 0.05);
      });
    }
  }

  it("a batch of four minutes by 3 and by 8 workers: no longer than the quota's units ask for", async () => {
    const quotaMs = (2_400 * DRAFT_UNITS * 60_000) / NEW_QUOTA;
    for (const workers of [3, 8]) {
      const { drainedMs, refusedShare } = await figuresOf(batch({ workers }, 2_400));
      assert.ok(drainedMs <= 1.05 * quotaMs, `${workers} workers: ${Math.round(drainedMs)} ms`);
      assert.ok(refusedShare <= 0.05, `${workers} workers: ${(100 * refusedShare).toFixed(1)} % refused`);
    }
  });

  it("a quota that is cut to a tenth for ten minutes", async () => {
    assertWell(await figuresOf(batch({ workers: 3, quotaChanges: CUT_TO_A_TENTH })), 1.1, 0.05);
  });
});

describe("who has nothing to do with a batch", () => {
  it("hardly notices it, with 8 workers", async (t) => {
    const few = { alone: 200, drafts: 12_000 };
    const { smallP95Ms, aloneP99Ms, aloneInBatchP99Ms, sameMailboxP95Ms } = await bystandersOf(8, FIXED, few);
    t.diagnostic(`in the batch's own mailbox: ${Math.round(sameMailboxP95Ms)} ms`);
    assert.ok(smallP95Ms <= 10_000, `${Math.round(smallP95Ms)} ms behind 9,000 rows for another mailbox`);
    assert.ok(aloneInBatchP99Ms <= 2 * aloneP99Ms, `${aloneInBatchP99Ms} ms in place of ${aloneP99Ms} ms`);
  });

  it("nor its first seconds, when 1,600 keys wait for their window to grow: that of the requests' topic is another", async (t) => {
    const requests = [...batchOf(10_000, 100), ...aloneAtStart()];
    for (const workers of [1, 8]) {
      const world = { workers, gmail: { quota: FIXED, unitsPerMinute: NEW_QUOTA } };
      const quiet = meanOf(tookOf(await simulate({ ...world, requests: aloneAtStart() }), isAlone));
      const busy = meanOf(tookOf(await simulate({ ...world, requests }), isAlone));
      const inOneTopic = meanOf(tookOf(await simulate({ ...world, requests, hasOneTopic: true }), isAlone));
      const told = `${workers} workers: ${Math.round(busy)} ms in place of ${Math.round(quiet)} ms, ${Math.round(inOneTopic)} ms with one topic`;
      t.diagnostic(told);
      assert.ok(busy <= 2 * quiet, told);
      assert.ok(inOneTopic > 2 * quiet, `${told}: it would do`);
    }
  });

  it("nor a mailbox that Gmail wants left alone for ten minutes, though Pub/Sub begins with five pushes", async () => {
    const requests = [...batchOf(500, 1), ...aloneOnes({ count: 20, everyMs: 500 })];
    const gmail = { quota: FIXED, unitsPerMinute: NEW_QUOTA, leftAlone: { mailbox: MAILBOX, untilMs: 600_000 } };
    const run = await simulate({ requests, workers: 1, gmail });
    const others = tookOf(run, isAlone);
    assert.ok(Math.max(...others) < 10_000, `${Math.max(...others)} ms`);
    assert.deepEqual([run.left, run.dead, run.nacks], [0, 0, 0]);
    assert.ok(run.refused <= 2, `${run.refused} calls before the time that Gmail named`);
  });
});
