import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MinuteAccount } from "@draftmill/worker/pacing/minute-account.ts";
import { chanceOf } from "../../../support/chance.ts";

describe("the units of the last minute", () => {
  it("are all there within it, go with the slots of three seconds that they were spent in, and are gone after it", () => {
    const account = new MinuteAccount();
    account.add(0, 100);
    account.add(30_000, 50);
    const spent = [30_000, 59_999, 60_000, 61_500, 63_000, 89_999, 93_000, 500_000].map((ms) => account.spent(ms));
    assert.deepEqual(spent.map(Math.round), [150, 150, 150, 100, 50, 50, 0, 0]);
  });

  it("are what they are when nothing was spent for a long time, also for longer than it has slots", () => {
    const account = new MinuteAccount();
    account.add(1_000, 100);
    account.add(10_000_000, 7);
    assert.equal(account.spent(10_000_000), 7);
  });

  it("differ from an exact count by no more than one slot's", () => {
    const random = chanceOf(1);
    const account = new MinuteAccount();
    const spends: { readonly atMs: number; readonly units: number }[] = [];
    for (let atMs = 0; atMs < 300_000; atMs += 500 * random()) {
      const units = Math.ceil(20 * random());
      account.add(atMs, units);
      spends.push({ atMs, units });
      const within = (ms: number): number =>
        spends.reduce((sum, spend) => sum + (spend.atMs > atMs - ms ? spend.units : 0), 0);
      const spent = account.spent(atMs);
      assert.ok(spent >= within(57_000) && spent <= within(63_000), `${spent} at ${atMs} ms`);
    }
  });

  it("tell when they will be down to a number", () => {
    const account = new MinuteAccount();
    account.add(0, 300);
    account.add(10_000, 300);
    assert.equal(account.downTo(20_000, 600), 20_000);
    const halfMs = account.downTo(20_000, 300);
    assert.ok(halfMs >= 60_000 && halfMs <= 63_000, String(halfMs));
    for (const units of [599, 450, 300, 299, 100, 0]) {
      const atMs = account.downTo(20_000, units);
      const later = new MinuteAccount();
      later.add(0, 300);
      later.add(10_000, 300);
      assert.ok(Math.abs(later.spent(atMs) - units) < 1e-6, `${later.spent(atMs)} in place of ${units} at ${atMs} ms`);
    }
    assert.ok(account.downTo(20_000, -1) >= 70_000);
  });
});
