import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DRAFT_STATES, type DraftState } from "@draftmill/shared/contract/draft-record.ts";
import { SqliteLedger } from "@draftmill/shared/ledger/sqlite-ledger.ts";
import { countSql, listSql, type Sql } from "@draftmill/shared/ledger/sqlite-pages.ts";
import { openSqliteDatabase } from "@draftmill/shared/ledger/sqlite-schema.ts";
import { aRecord } from "./a-record.ts";
import { aDatabasePath } from "./sqlite-store.ts";

const ROWS = 100_000;
const BATCH = 10_000;
const WRITES_AT_ONCE = 2_000;

const mailboxOf = (n: number): string => `m${n % 50}@corp.example`;
const batchOf = (n: number): string => `b-${Math.floor(n / BATCH)}`;
/** One in a hundred has failed, the others are spread unevenly. */
function stateOf(n: number): DraftState {
  if (n % 100 === 0) return "failed";
  return n % 7 === 0 ? "queued" : "created";
}

function countTrue(fits: (n: number) => boolean): Record<string, number> {
  const counts: Record<string, number> = Object.fromEntries(DRAFT_STATES.map((state) => [state, 0]));
  for (let n = 0; n < ROWS; n++) if (fits(n)) counts[stateOf(n)] = (counts[stateOf(n)] ?? 0) + 1;
  return counts;
}

test("100,000 requests are listed, filtered and counted exactly, and by an index", { timeout: 120_000 }, async (t) => {
  const path = await aDatabasePath(t);
  const ledger = new SqliteLedger(path, { clock: systemClock });
  t.after(() => ledger.close());
  for (let first = 0; first < ROWS; first += WRITES_AT_ONCE) {
    const some = Array.from({ length: WRITES_AT_ONCE }, (_, i) => first + i);
    await Promise.all(
      some.map((n) =>
        ledger.create(aRecord({ id: `request-${n}`, state: stateOf(n), mailbox: mailboxOf(n), batch: batchOf(n) })),
      ),
    );
  }

  assert.deepEqual(
    await ledger.count({}),
    countTrue(() => true),
  );
  assert.deepEqual(
    await ledger.count({ batch: "b-3" }),
    countTrue((n) => batchOf(n) === "b-3"),
  );
  assert.deepEqual(
    await ledger.count({ mailbox: mailboxOf(7) }),
    countTrue((n) => mailboxOf(n) === mailboxOf(7)),
  );
  const both = { batch: "b-9", mailbox: mailboxOf(0) };
  assert.deepEqual(
    await ledger.count(both),
    countTrue((n) => batchOf(n) === both.batch && mailboxOf(n) === both.mailbox),
  );

  const failed: string[] = [];
  let cursor: string | null = null;
  do {
    const query = { state: "failed", batch: "b-3", limit: 30 } as const;
    const page = await ledger.list(cursor === null ? query : { ...query, cursor });
    failed.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  const expected = Array.from({ length: BATCH / 100 }, (_, i) => `request-${3 * BATCH + i * 100}`);
  assert.deepEqual(failed, expected.toReversed());

  assertByIndex(t, path);
});

/** What SQLite does for each query, with what it knows of so many rows. */
function assertByIndex(t: TestContext, path: string): void {
  const db = openSqliteDatabase(path);
  t.after(() => db.close());
  db.exec("ANALYZE");
  const planOf = ({ text, values }: Sql): string[] =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${text}`)
      .all(...values)
      .map(({ detail }) => String(detail));
  const nowMs = systemClock.nowMs();
  const filters = [
    { state: "failed" },
    { mailbox: mailboxOf(1) },
    { batch: "b-3" },
    { state: "failed", batch: "b-3" },
    { state: "queued", mailbox: mailboxOf(1), batch: "b-3" },
  ] as const;
  for (const filter of filters) {
    const startedMs = performance.now();
    const plan = planOf(listSql({ ...filter, limit: 50 }, nowMs)).join("; ");
    assert.doesNotMatch(plan, /^SCAN|TEMP B-TREE/, `${JSON.stringify(filter)}: ${plan}`);
    const { text, values } = listSql({ ...filter, limit: 50 }, nowMs);
    const rows = db.prepare(text).all(...values).length;
    t.diagnostic(`${JSON.stringify(filter)}: ${rows} rows, ${(performance.now() - startedMs).toFixed(1)} ms, ${plan}`);
  }
  for (const filter of [{ mailbox: mailboxOf(1) }, { batch: "b-3" }, { mailbox: mailboxOf(1), batch: "b-3" }]) {
    const plan = planOf(countSql(filter, nowMs)).join("; ");
    assert.doesNotMatch(plan, /SCAN draft(?! USING)/, `${JSON.stringify(filter)}: ${plan}`);
    assert.match(plan, /SEARCH draft USING COVERING INDEX/, plan);
    t.diagnostic(`count ${JSON.stringify(filter)}: ${plan}`);
  }
}
