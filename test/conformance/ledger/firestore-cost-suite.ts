import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DRAFT_STATES } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { aDraft, aRecord } from "./a-record.ts";
import { contentionSuite } from "./firestore-contention-suite.ts";
import { type FirestoreLine, openFirestoreLine } from "./firestore-line.ts";
import { loadRecords } from "./firestore-load.ts";
import { openFirestore, unusedProject } from "./firestore-store.ts";

/** A thousand take minutes: `npm run faults`. */
const CONTENDED_ROUNDS = 40;

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

    // Firestore would do the same with any number. The emulator goes through every document for every query: of 100,000
    // (15 s to load on two quiet cores) it answers none within the four seconds that the driver waits.
    test("10,000 records in a batch: a page reads itself and one more, a count is exact and reads none", {
      timeout: 120_000,
    }, async (t) => {
      const line = await openFirestoreLine(t, emulator);
      const project = unusedProject();
      const ledger = await openFirestore(t, line.hostPort, { project });
      await loadRecords(emulator, project, 10_000, (n) => {
        const state = n % 100 === 0 ? "failed" : "created";
        return aRecord({ id: `request-${n}`, state, mailbox: `m${n % 4}@corp.example`, batch: "b-1" });
      });

      line.forgetCounts();
      const { items, nextCursor } = await ledger.list({ state: "failed", mailbox: "m0@corp.example", limit: 50 });
      assert.equal(items.length, 50);
      assert.ok(nextCursor !== null);
      assert.deepEqual([...line.calls], [["runQuery", 1]]);
      assert.equal(line.documents, 51);

      line.forgetCounts();
      const last = await ledger.list({ state: "failed", mailbox: "m0@corp.example", limit: 50, cursor: nextCursor });
      assert.equal(last.items.length, 50);
      assert.equal(last.nextCursor, null);
      assert.equal(line.documents, 50);

      line.forgetCounts();
      const { created: made, failed, ...others } = await untilAnswered(() => ledger.count({ batch: "b-1" }));
      assert.deepEqual([made, failed], [9_900, 100]);
      assert.ok(Object.values(others).every((count) => count === 0));
      assert.deepEqual([...line.calls.keys()], ["runAggregationQuery"]);
      assert.equal(line.documents, 0);
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

  contentionSuite(emulator, CONTENDED_ROUNDS);
}

/** On a busy machine the emulator can need longer for seven queries of so many documents than the driver waits. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
    }
  }
}
