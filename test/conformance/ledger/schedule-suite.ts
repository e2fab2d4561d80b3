import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { aDraft, aFailure, aRecord } from "./a-record.ts";
import { type MakeStore, openTwo } from "./make-store.ts";

const HOUR_MS = 3_600_000;
const BODY = JSON.stringify({ to: "ada@example.com", html: `<p>${'"é'.repeat(100_000)}</p>` });

/** A request that waits in the ledger for its time. */
export function scheduleSuite(driver: string, makeStore: MakeStore): void {
  const openLedgers = async (t: TestContext): Promise<readonly [DraftLedger, DraftLedger]> => {
    const [one, other] = await openTwo(makeStore, t);
    return [
      new DraftLedger(one, { clock: systemClock }),
      new DraftLedger(other, { clock: { ...systemClock, nowMs: () => Date.now() + HOUR_MS } }),
    ];
  };
  const scheduled = async (ledger: DraftLedger, inMs = HOUR_MS) => {
    const candidate = aRecord({ notBeforeMs: Date.now() + inMs, batch: "b-1" });
    const answer = await ledger.schedule(candidate, BODY);
    assert.ok(answer.kind === "settled");
    return { candidate, record: answer.record };
  };

  describe(`${driver}: a request that waits for its time`, () => {
    test("is due a minute before, whole, and is then published again, claimed and made", async (t) => {
      const [now, inAnHour] = await openLedgers(t);
      const { candidate, record } = await scheduled(now);
      assert.deepEqual([record.state, record.note, record.fence], ["queued", "scheduled", 1]);
      assert.deepEqual(await now.due(10), []);
      const [due] = await inAnHour.due(10);
      assert.deepEqual([due?.record.id, due?.step], [candidate.id, { kind: "republish" }]);
      assert.equal(await inAnHour.bodyOf(record), BODY);
      const again = await inAnHour.republish(candidate.id);
      assert.ok(again.kind === "moved");
      assert.deepEqual([again.record.note, again.record.generation], ["publish-unconfirmed", 1]);
      const claim = await inAnHour.claim({ ...candidate, generation: 1 });
      assert.ok(claim.kind === "claimed");
      assert.equal(claim.mustFind, false);
      const done = await inAnHour.complete(claim, aDraft);
      assert.ok(done.kind === "settled");
      assert.deepEqual([done.record.state, done.record.bodyParts], ["created", null]);
    });

    test("is left as it is by every other delivery, whatever time that names, until it is published again", async (t) => {
      const [now] = await openLedgers(t);
      const { candidate, record } = await scheduled(now);
      for (const answer of [
        await now.schedule({ ...candidate, notBeforeMs: Date.now() + 2 * HOUR_MS }, BODY),
        await now.claim({ ...candidate, notBeforeMs: null }),
        await now.failUnclaimed(candidate, aFailure({ state: "dead" })),
      ])
        assert.equal(answer.kind, "duplicate");
      assert.deepEqual(await now.get(candidate.id), record);
    });

    test("is on record for as long as it waits and thirty days more", async (t) => {
      const [now] = await openLedgers(t);
      const { record } = await scheduled(now, 30 * 24 * HOUR_MS);
      assert.ok(record.notBeforeMs !== null && record.expireAtMs >= record.notBeforeMs + 30 * 24 * HOUR_MS);
    });

    test("is no failure, counts as queued, and is canceled as any that is", async (t) => {
      const [now] = await openLedgers(t);
      const { candidate } = await scheduled(now);
      assert.equal((await now.countByState({ batch: "b-1" })).queued, 1);
      assert.deepEqual((await now.failureGroups({}, 10)).groups, []);
      assert.equal((await now.replay(candidate.id)).kind, "refused");
      const moved = await now.cancel(candidate.id);
      assert.ok(moved.kind === "moved");
      assert.deepEqual([moved.record.state, moved.record.note, moved.record.dueAtMs], ["canceled", null, null]);
    });

    test("of a record that the api accepted: the first time stands", async (t) => {
      const [now] = await openLedgers(t);
      const accepted = aRecord({ notBeforeMs: Date.now() + HOUR_MS });
      await now.accept(accepted);
      const answer = await now.schedule(accepted, BODY);
      assert.ok(answer.kind === "settled");
      assert.deepEqual([answer.record.notBeforeMs, answer.record.note], [accepted.notBeforeMs, "scheduled"]);
    });
  });
}
