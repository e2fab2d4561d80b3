import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";

/** Makes an empty store that lives as long as the test, and returns what opens one more connection to it. */
export type MakeStore = (t: TestContext) => Promise<() => Promise<Ledger>>;

export async function openOne(makeStore: MakeStore, t: TestContext): Promise<Ledger> {
  return (await makeStore(t))();
}

/** Two connections to one store. */
export async function openTwo(makeStore: MakeStore, t: TestContext): Promise<readonly [Ledger, Ledger]> {
  const open = await makeStore(t);
  return [await open(), await open()];
}

/** Changes a record as it is now, when nobody else is writing it. */
export async function rewrite(ledger: Ledger, id: string, changes: Partial<DraftRecord>): Promise<void> {
  const stored = await ledger.get(id);
  assert.ok(stored);
  assert.ok((await ledger.cas(id, stored.revision, { ...stored.record, ...changes })).swapped);
}

/** Takes turns. */
export function pick<T>(of: readonly T[], index: number): T {
  const chosen = of[index % of.length];
  assert.ok(chosen !== undefined);
  return chosen;
}
