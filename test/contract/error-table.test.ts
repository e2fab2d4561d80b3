import assert from "node:assert/strict";
import { test } from "node:test";
import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import { readText, tableUnder, writeTable } from "../support/readme.ts";

test("the README's error table has the code, class, status and title of every row of the code's, and no other", () => {
  const rows = Object.entries(ERROR_CODES).map(([code, row]) => [
    `\`${code}\``,
    row.class,
    String(row.status),
    row.title,
  ]);
  assert.deepEqual(
    tableUnder(readText("README.md"), "Errors"),
    writeTable(["code", "class", "HTTP", "meaning"], rows),
    "paste the expected lines into README.md, section Errors",
  );
});

test("every placeholder of a remedy is one that some part of the code fills in", () => {
  const known = [
    "project",
    "serviceAccount",
    "runtimeServiceAccount",
    "clientId",
    "scope",
    "mailbox",
    "batch",
    "id",
    "row",
  ];
  for (const [code, { remedy }] of Object.entries(ERROR_CODES)) {
    for (const [, name = ""] of remedy.matchAll(/\{(\w+)\}/g)) {
      assert.ok(known.includes(name), `${code}'s remedy has an unknown placeholder {${name}}`);
    }
  }
});
