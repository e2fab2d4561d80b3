import assert from "node:assert/strict";
import { test } from "node:test";
import { SWITCHED_OFF } from "../soak/mutations.ts";
import { readText } from "../support/readme.ts";

test("each rule that the soak switches off stands where the soak looks for it, once", () => {
  for (const { name, mutations } of SWITCHED_OFF) {
    for (const { name: what, file, find } of mutations) {
      assert.equal(readText(file).split(find).length, 2, `${name}, ${what}: ${file}`);
    }
  }
  assert.ok(SWITCHED_OFF.length >= 14);
});
