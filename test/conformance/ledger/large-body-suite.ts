import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { aDraft, aFailure, aRecord } from "./a-record.ts";
import { type MakeStore, openTwo } from "./make-store.ts";

/** 3.2 MB of what grows when it is escaped. */
const BODY = JSON.stringify({ html: `<p>${'"é'.repeat(800_000)}</p>` });

/** What is too large for one record, and must be there for a replay all the same. */
export function largeBodySuite(driver: string, makeStore: MakeStore): void {
  const openLedgers = async (t: TestContext): Promise<readonly [DraftLedger, DraftLedger]> => {
    const [one, other] = await openTwo(makeStore, t);
    return [new DraftLedger(one, { clock: systemClock }), new DraftLedger(other, { clock: systemClock })];
  };

  describe(`${driver}: a body too large for its record`, () => {
    test("lies beside it, for every connection and past a replay, until there is a draft", async (t) => {
      const [one, other] = await openLedgers(t);
      const refused = await one.failUnclaimed(aRecord(), aFailure({ state: "parked", body: BODY }));
      assert.ok(refused.kind === "settled");
      const { record } = refused;
      assert.deepEqual([record.body, record.bodyParts?.count], [null, 5]);
      assert.equal(await other.bodyOf(record), BODY);

      const replay = await other.replay(record.id);
      assert.ok(replay.kind === "moved");
      assert.equal(await one.bodyOf(replay.record), BODY);
      const claim = await one.claim(aRecord({ generation: 1 }));
      assert.ok(claim.kind === "claimed");
      const done = await one.complete(claim, aDraft);
      assert.ok(done.kind === "settled");
      assert.deepEqual([done.record.body, done.record.bodyParts], [null, null]);
    });

    test("is the one of the last failure: a message that comes again is the same request, not always to the letter", async (t) => {
      const [one, other] = await openLedgers(t);
      const failure = aFailure({ state: "parked", body: BODY });
      await one.failUnclaimed(aRecord(), failure);
      await one.replay("request-1");
      const again = `${BODY}\n`;
      const refused = await other.failUnclaimed(aRecord({ generation: 1 }), { ...failure, body: again });
      assert.ok(refused.kind === "settled");
      assert.equal(await one.bodyOf(refused.record), again);
    });

    test("is none when not all of it is there", async (t) => {
      const [one] = await openLedgers(t);
      const refused = await one.failUnclaimed(aRecord(), aFailure({ body: BODY }));
      assert.ok(refused.kind === "settled");
      const { record } = refused;
      assert.ok(record.bodyParts);
      const fewer = { ...record, bodyParts: { ...record.bodyParts, count: 4 } };
      assert.equal(await one.bodyOf(fewer), null);
    });
  });
}
