import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cutShare, gapMs, grownShare, openShare, type Share } from "@draftmill/worker/pacing/share.ts";

const QUOTA = 6_000;
const DRAFT = 10;
/** A share that a refusal at `sinceMs` has shown. */
const known = (unitsPerMinute: number, sinceMs = 0): Share => ({
  unitsPerMinute,
  knownUnits: unitsPerMinute,
  isKnown: true,
  sinceMs,
  phase: "refused",
  fastMs: 0,
});

describe("how long a draft keeps the next one waiting", () => {
  for (const [what, share, spent, nowMs, ms] of [
    ["at first about half a second", openShare(QUOTA, 0), 0, 0, 429],
    ["half as long a second later", openShare(QUOTA, 0), 0, 1_000, 231],
    ["and so on, until it is what the quota allows", openShare(QUOTA, 0), 0, 20_000, 9],
    ["with nothing left of the minute: the share's own speed", known(QUOTA), QUOTA, 0, 100],
    ["the same for a share that is overdrawn", known(QUOTA), 2 * QUOTA, 0, 100],
    ["what is unspent of the minute goes within six seconds beside it", known(QUOTA), QUOTA / 2, 0, 17],
    ["a small share is a long wait", known(12), 12, 0, 50_000],
  ] as const) {
    it(what, () => assert.equal(Math.round(gapMs(share, DRAFT, spent, nowMs)), ms));
  }

  it("twice as many units, twice as long", () => {
    assert.equal(gapMs(known(QUOTA), 20, QUOTA, 0), 2 * gapMs(known(QUOTA), 10, QUOTA, 0));
  });
});

describe("what a refusal leaves of a share", () => {
  for (const [what, before, spent, after, isKnown] of [
    ["what the minute gave", 6_000, 4_000, 4_000, true],
    ["no more than there was", 1_000, 1_200, 1_000, true],
    ["three fifths, where the minute gave less", 6_000, 750, 3_600, false],
    ["three fifths again", 3_600, 750, 2_160, false],
    ["one draft in 50 s at least", 12, 0, 12, false],
  ] as const) {
    it(what, () => {
      const share = cutShare(known(before), spent, 5_000);
      assert.deepEqual(
        { after: share.unitsPerMinute, isKnown: share.isKnown, sinceMs: share.sinceMs, phase: share.phase },
        { after, isKnown, sinceMs: 5_000, phase: "refused" },
      );
    });
  }
});

describe("how a share grows while requests are held back by it", () => {
  const grown = (share: Share, seconds: number, spent = 0, fromMs = share.sinceMs): Share => {
    let at = share;
    for (let s = 1; s <= seconds; s += 1) at = grownShare(at, 1_000, spent, fromMs + s * 1_000, QUOTA);
    return at;
  };

  it("by a fifth in the minute after a refusal that has shown it", () => {
    const { unitsPerMinute } = grown(known(1_000), 59);
    assert.ok(unitsPerMinute > 1_150 && unitsPerMinute < 1_200, String(unitsPerMinute));
  });

  it("faster and faster once a minute has passed without a refusal", () => {
    const afterAMinute = grown(known(1_000), 59);
    const seconds = (count: number): number => grown(afterAMinute, count, 0, 60_000).unitsPerMinute;
    assert.ok(seconds(10) > afterAMinute.unitsPerMinute * 1.4);
    assert.ok(seconds(20) / seconds(10) > seconds(10) / seconds(0));
  });

  it("at once where it got more than it knew of, and where a refusal has shown nothing", () => {
    const slow = grown(known(1_000), 10, 1_050).unitsPerMinute;
    assert.ok(grown(known(1_000), 10, 1_051).unitsPerMinute > 1.3 * slow);
    assert.ok(grown({ ...known(1_000), isKnown: false }, 10).unitsPerMinute > 1.3 * slow);
  });

  it("never above the quota, and not without requests that wait", () => {
    assert.equal(grown({ ...known(1_000), isKnown: false }, 600).unitsPerMinute, QUOTA);
    assert.equal(grownShare(known(1_000), 0, 0, 1_000, QUOTA).unitsPerMinute, 1_000);
  });

  it("a tenth of a quota is the whole again within a minute and a half after the cut is over", () => {
    let share = known(QUOTA / 10);
    let seconds = 0;
    for (; share.unitsPerMinute < QUOTA; seconds += 1) {
      share = grownShare(share, 1_000, share.unitsPerMinute, seconds * 1_000, QUOTA);
    }
    assert.ok(seconds < 90, `${seconds} s`);
  });
});
