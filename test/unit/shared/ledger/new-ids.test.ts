import assert from "node:assert/strict";
import { test } from "node:test";
import { isRequestId } from "@draftmill/shared/contract/request-id.ts";
import { newIdsFor } from "@draftmill/shared/ledger/open-ledger.ts";

const idsOf = (url: string): string[] => Array.from({ length: 1_000 }, newIdsFor(url));

test("new ids follow each other in SQLite's index and are spread over Firestore's, and none comes twice", () => {
  const ordered = idsOf("sqlite:./data/ledger.db");
  const moments = ordered.map((id) => id.slice(0, 13));
  assert.deepEqual(moments, moments.toSorted());
  // Their beginnings, which decide on whose server each is.
  const heads = (ids: readonly string[]): number => new Set(ids.map((id) => id.slice(0, 4))).size;
  assert.equal(heads(ordered), 1);
  const spread = idsOf("firestore:");
  assert.ok(heads(spread) > 900);
  for (const ids of [ordered, spread]) {
    assert.equal(new Set(ids).size, 1_000);
    assert.ok(ids.every(isRequestId));
  }
});
