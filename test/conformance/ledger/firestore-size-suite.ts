import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { aRecord } from "./a-record.ts";
import { openFirestoreLine } from "./firestore-line.ts";
import { loadRecords } from "./firestore-load.ts";
import { openFirestore, unusedProject } from "./firestore-store.ts";

export interface SizeOptions {
  readonly records: number;
  /** Whether the emulator may take longer for an answer than the driver waits for one. */
  readonly isPatient: boolean;
}

const FAILED_SHARE = 100;
const PAGE = 50;
const WITHIN_MS = 1_200_000;

/** What is read of many records for a page and for a count. Firestore would do the same with any number. */
export function sizeSuite(emulator: string, { records, isPatient }: SizeOptions): void {
  const told = records.toLocaleString("en");
  const failures = records / FAILED_SHARE;

  describe("firestore: size", () => {
    test(`${told} records in a batch: a page reads itself and one more, a count is exact and reads none`, {
      timeout: isPatient ? WITHIN_MS : 120_000,
    }, async (t) => {
      const line = await openFirestoreLine(t, emulator, { isPatient });
      const project = unusedProject();
      const ledger = await openFirestore(t, line.hostPort, { project });
      await loadRecords(emulator, project, records, (n) => {
        const state = n % FAILED_SHARE === 0 ? "failed" : "created";
        return aRecord({ id: `request-${n}`, state, mailbox: `m${n % 4}@corp.example`, batch: "b-1" });
      });
      const read = (): string => `${[...line.calls].join(" ")} documents,${line.documents}`;

      const filter = { state: "failed", mailbox: "m0@corp.example", limit: PAGE } as const;
      let cursor: string | undefined;
      let seen = 0;
      do {
        line.forgetCounts();
        const from = cursor === undefined ? {} : { cursor };
        const page = await untilAnswered(() => ledger.list({ ...filter, ...from }));
        seen += page.items.length;
        assert.equal(page.items.length, PAGE);
        assert.deepEqual([...line.calls], [["runQuery", 1]]);
        assert.equal(line.documents, page.nextCursor === null ? PAGE : PAGE + 1);
        t.diagnostic(`a page of one mailbox's failures: ${read()}`);
        cursor = page.nextCursor ?? undefined;
      } while (cursor !== undefined && seen < 2 * PAGE);
      assert.equal(seen, 2 * PAGE);
      assert.equal(cursor === undefined, seen === failures);

      line.forgetCounts();
      const { created: made, failed, ...others } = await untilAnswered(() => ledger.count({ batch: "b-1" }));
      assert.deepEqual([made, failed], [records - failures, failures]);
      assert.ok(Object.values(others).every((count) => count === 0));
      assert.deepEqual([...line.calls.keys()], ["runAggregationQuery"]);
      assert.equal(line.documents, 0);
      t.diagnostic(`the counts of a batch by state: ${read()}`);
    });
  });
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
