import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { progressOf } from "@draftmill/api/batches/batch-progress.ts";
import { batchResults } from "@draftmill/api/batches/batch-results.ts";
import { EVERYBODY } from "@draftmill/api/callers/access.ts";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import { controlBatch } from "@draftmill/shared/batch/control-batch.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { aRecord } from "./a-record.ts";

const MAILBOXES = ["a@corp.example", "b@corp.example", "c@corp.example"];
/** The first one of results, before it is known how large the records are. */
const PAGE = 25;

interface Cost {
  /** How often each method of the store was called. */
  readonly calls: Record<string, number>;
  /** Records that it gave out. */
  records: number;
}

/** The store, and what is asked of it from now on. */
function counted(store: Ledger): { readonly store: Ledger; readonly cost: Cost } {
  const cost: Cost = { calls: {}, records: 0 };
  const counting = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      return async (...args: unknown[]) => {
        cost.calls[String(name)] = (cost.calls[String(name)] ?? 0) + 1;
        const result: unknown = await Reflect.apply(value, target, args);
        const { items, record }: { items?: readonly unknown[]; record?: unknown } = Object(result);
        cost.records += items?.length ?? (record === undefined ? 0 : 1);
        return result;
      };
    },
  });
  return { store: counting, cost };
}

/** Opens a store of its own that holds so many records. */
export type OpenLoaded = (t: TestContext, count: number, recordOf: (n: number) => DraftRecord) => Promise<Ledger>;

/** What is asked about a batch, and how many records may come of it. */
const QUESTIONS: readonly (readonly [string, (ledger: DraftLedger) => Promise<unknown>, number])[] = [
  [
    "its progress",
    async (ledger) => progressOf(ledger, await theBatch(ledger), { unitsPerMinute: 6_000, nowMs: 0 }),
    0,
  ],
  ["the list of batches", (ledger) => ledger.documents(BATCHES).list(50), 1],
  ["a pause", (ledger) => controlBatch(ledger, "b-1", "pause"), 0],
  ["the first page of its results", firstPage, PAGE],
];

/** What an operator asks about a batch costs the same whatever the batch has. */
export function batchCostSuite(driver: string, openLoaded: OpenLoaded): void {
  test(`${driver}: what is asked of a batch of 306 costs as many calls and records as of one of 204`, async (t) => {
    const stores: Ledger[] = [];
    for (const size of [204, 306]) {
      const store = await openLoaded(t, size, (n) =>
        aRecord({ id: `r-${n}`, batch: "b-1", state: "created", mailbox: MAILBOXES[n % 3] ?? "" }),
      );
      const mailboxes = Object.fromEntries(MAILBOXES.map((mailbox) => [mailbox, size / MAILBOXES.length]));
      const what = {
        id: "b-1",
        name: null,
        caller: null,
        source: "file",
        total: size,
        rejected: 0,
        mailboxes,
      } as const;
      await new DraftLedger(store, { clock: systemClock }).documents(BATCHES).create(newBatch(what, Date.now()));
      stores.push(store);
    }
    for (const [what, ask, records] of QUESTIONS) {
      const costs: Cost[] = [];
      for (const store of stores) {
        const { store: watched, cost } = counted(store);
        await ask(new DraftLedger(watched, { clock: systemClock }));
        costs.push(cost);
      }
      const [half, whole] = costs;
      assert.deepEqual(whole, half, what);
      assert.equal(half?.records, records, what);
      assert.ok(Object.keys(half?.calls ?? {}).length > 0, what);
      t.diagnostic(`${what}: ${JSON.stringify(half?.calls)}, ${records} records`);
    }
  });
}

async function theBatch(ledger: DraftLedger) {
  const batch = await ledger.documents(BATCHES).get("b-1");
  assert.ok(batch !== null);
  return batch;
}

async function firstPage(ledger: DraftLedger): Promise<void> {
  const pages = batchResults(ledger, { batch: "b-1", state: undefined, access: EVERYBODY });
  await pages.next();
  await pages.return(undefined);
}
