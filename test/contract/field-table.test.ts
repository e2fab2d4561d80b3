import assert from "node:assert/strict";
import { test } from "node:test";
import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { readText, tableUnder } from "../support/readme.ts";

test("the README's table of a request's fields names every field of the schema, and no other", () => {
  const [, , ...rows] = tableUnder(readText("README.md"), "Send a draft");
  const named = rows.flatMap((row) => [...(row.split(" | ")[0] ?? "").matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.deepEqual(named.toSorted(), Object.keys(DRAFT_REQUEST_SCHEMA.properties).toSorted());
});
