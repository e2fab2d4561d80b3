import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { RECENT_OF_ONE_MAX, RECIPIENTS_ASKED_MAX } from "@draftmill/shared/ledger/recipients.ts";
import { aDraft, aRecord } from "./a-record.ts";
import { type MakeStore, openOne, openTwo } from "./make-store.ts";

const DAY_MS = 86_400_000;
const addresses = Array.from({ length: RECIPIENTS_ASKED_MAX }, (_, n) => `p${n}@example.com`);

/** Who has been drafted to of late. */
export function recentSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: the newest records to recipients`, () => {
    test("are found by any of their recipients, however spelt, and past every write", async (t) => {
      const [one, other] = await openTwo(makeStore, t);
      const ledger = new DraftLedger(one, { clock: systemClock });
      const record = aRecord({ id: "a", to: ["Ada@Example.com", "bo@example.com", "ada@example.com"] });
      await ledger.accept(record);
      const claim = await ledger.claim(record);
      assert.ok(claim.kind === "claimed");
      await ledger.complete(claim, aDraft);
      await ledger.accept(aRecord({ id: "b", to: ["else@example.com"] }));
      const asked = new DraftLedger(other, { clock: systemClock });
      for (const address of ["ADA@example.com", "bo@example.com"]) {
        const found = await asked.recentTo([address, "nobody@example.com"], 0);
        assert.deepEqual(
          found.map(({ id, state }) => [id, state]),
          [["a", "created"]],
        );
      }
      assert.deepEqual(
        (await asked.recentTo(["ada@example.com", "bo@example.com", "else@example.com"], 0)).map(({ id }) => id).sort(),
        ["a", "b"],
      );
    });

    test("are none that are older than asked for, that have expired, or whose draft was taken back", async (t) => {
      const store = await openOne(makeStore, t);
      const ledger = new DraftLedger(store, { clock: systemClock });
      const to = ["ada@example.com"];
      await ledger.accept(aRecord({ id: "expired", to, expireAtMs: Date.now() - 1 }));
      const record = aRecord({ id: "taken", to });
      const claim = await ledger.claim(record);
      assert.ok(claim.kind === "claimed");
      await ledger.complete(claim, aDraft);
      assert.equal((await ledger.recentTo(to, Date.now() - DAY_MS)).length, 1);
      assert.equal((await ledger.recentTo(to, Date.now() + DAY_MS)).length, 0);
      assert.equal((await ledger.forget("taken", aDraft.draftId)).kind, "moved");
      assert.deepEqual(await ledger.recentTo(to, 0), []);
    });

    test("one with many does not hide the others, and costs no more than its newest", async (t) => {
      const store = await openOne(makeStore, t);
      const ledger = new DraftLedger(store, { clock: systemClock });
      await ledger.accept(aRecord({ id: "cold", to: ["p1@example.com"] }));
      for (let n = 0; n < 120; n += 20)
        await Promise.all(
          Array.from({ length: 20 }, (_, i) => ledger.accept(aRecord({ id: `hot-${n + i}`, to: ["p0@example.com"] }))),
        );
      const found = await ledger.recentTo(addresses, 0);
      assert.equal(found.filter(({ id }) => id === "cold").length, 1);
      const hot = found.filter(({ id }) => id.startsWith("hot"));
      assert.equal(hot.length, RECENT_OF_ONE_MAX);
      assert.ok(hot.some(({ id }) => Number(id.slice(4)) >= 100));
    });

    test("are asked for by thirty recipients at most, and one at least", async (t) => {
      const store = await openOne(makeStore, t);
      await assert.rejects(store.recentTo([], 0), RangeError);
      await assert.rejects(store.recentTo([...addresses, "x"], 0), RangeError);
      assert.deepEqual(await store.recentTo(addresses, 0), []);
    });
  });
}
