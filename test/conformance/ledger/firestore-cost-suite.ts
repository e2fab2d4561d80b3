import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DRAFT_STATES } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { aDraft, aRecord } from "./a-record.ts";
import { contentionSuite } from "./firestore-contention-suite.ts";
import { type FirestoreLine, openFirestoreLine } from "./firestore-line.ts";
import { sizeSuite } from "./firestore-size-suite.ts";
import { openFirestore, unusedProject } from "./firestore-store.ts";

/** A thousand take minutes: `npm run faults`. */
const CONTENDED_ROUNDS = 40;
/** The emulator goes through every document for every query; so many it answers within the time that the driver waits. */
const RECORDS = 10_000;

/** What each use costs: Firestore bills writes and documents read, and every call is a round trip. */
export function firestoreCostSuite(emulator: string): void {
  const onALine = async (t: TestContext): Promise<{ line: FirestoreLine; ledger: Ledger }> => {
    const line = await openFirestoreLine(t, emulator);
    return { line, ledger: await openFirestore(t, line.hostPort, { project: unusedProject() }) };
  };

  describe("firestore: costs", () => {
    test("a draft is three writes and no read, if the claim is given the accepted revision", async (t) => {
      const { line, ledger } = await onALine(t);
      const drafts = new DraftLedger(ledger, { clock: systemClock });
      const accepted = await drafts.accept(aRecord());
      assert.ok(accepted.accepted);
      const claim = await drafts.claim(aRecord(), accepted.revision);
      assert.ok(claim.kind === "claimed");
      assert.equal((await drafts.complete(claim, aDraft)).kind, "settled");
      assert.deepEqual([...line.calls], [["commit", 3]]);
    });

    test("without it one write more is refused, and one document read", async (t) => {
      const { line, ledger } = await onALine(t);
      const drafts = new DraftLedger(ledger, { clock: systemClock });
      await drafts.accept(aRecord());
      const claim = await drafts.claim(aRecord());
      assert.ok(claim.kind === "claimed");
      await drafts.complete(claim, aDraft);
      assert.deepEqual(new Map([...line.calls]), new Map(Object.entries({ commit: 4, batchGet: 1 })));
      assert.equal(line.documents, 1);
    });

    test("a request that was never accepted, as from another producer, is two writes", async (t) => {
      const { line, ledger } = await onALine(t);
      const drafts = new DraftLedger(ledger, { clock: systemClock });
      const claim = await drafts.claim(aRecord());
      assert.ok(claim.kind === "claimed");
      await drafts.complete(claim, aDraft);
      assert.deepEqual([...line.calls], [["commit", 2]]);
    });

    test("who of thirty was drafted to is one query that reads what it finds", async (t) => {
      const { line, ledger } = await onALine(t);
      const to = (n: number) => `p${n}@example.com`;
      await Promise.all([1, 2, 3, 50].map((n) => ledger.create(aRecord({ id: `request-${n}`, to: [to(n)] }))));
      line.forgetCounts();
      const drafts = new DraftLedger(ledger, { clock: systemClock });
      const found = await drafts.recentTo(
        Array.from({ length: 30 }, (_, n) => to(n)),
        0,
      );
      assert.equal(found.length, 3);
      assert.deepEqual([...line.calls], [["runQuery", 1]]);
      assert.equal(line.documents, 3);
    });

    test("a count is one aggregation for each state", async (t) => {
      const { line, ledger } = await onALine(t);
      await Promise.all([1, 2, 3].map((n) => ledger.create(aRecord({ id: `request-${n}`, batch: "b-1" }))));
      line.forgetCounts();
      assert.equal((await ledger.count({ batch: "b-1" })).queued, 3);
      assert.deepEqual([...line.calls], [["runAggregationQuery", DRAFT_STATES.length]]);
      assert.equal(line.documents, 0);
    });

    test("a watch on which nothing happens slows down to a read every two seconds", { timeout: 20_000 }, async (t) => {
      const { line, ledger } = await onALine(t);
      await ledger.create(aRecord());
      line.forgetCounts();
      for await (const _ of ledger.watch("request-1", AbortSignal.timeout(5_000))) {
        // Nothing follows the record as it is.
      }
      const reads = line.calls.get("batchGet") ?? 0;
      assert.ok(reads >= 4 && reads <= 10, `${reads} reads in 5 s`);
      assert.deepEqual([...line.calls.keys()], ["batchGet"]);
    });
  });

  sizeSuite(emulator, { records: RECORDS, isPatient: false });
  contentionSuite(emulator, CONTENDED_ROUNDS);
}
