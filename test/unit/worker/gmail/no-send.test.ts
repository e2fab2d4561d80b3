import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const WORKER = new URL("../../../../services/worker/src/", import.meta.url);
const SOURCES = readdirSync(WORKER, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, text: readFileSync(new URL(file, WORKER), "utf8") }));

test("one file alone reaches the Gmail client, and hands out create, list, get and delete", () => {
  const reaching = SOURCES.filter(({ text }) => /^import (?!type ).*"googleapis\//m.test(text));
  assert.deepEqual(
    reaching.map(({ file }) => file),
    ["gmail/drafts-resource.ts"],
  );
  assert.match(
    reaching[0]?.text ?? "",
    /Pick<gmail_v1\.Resource\$Users\$Drafts, "create" \| "list" \| "get" \| "delete">/,
  );
});

test("nothing calls or spells a method that sends or changes a mail, or deletes one that is no draft", () => {
  for (const { file, text } of SOURCES) {
    assert.doesNotMatch(
      text,
      /\b(?:drafts\.(?:send|update)|messages\.(?:send|update|delete|insert|import|modify|trash))\b/,
      file,
    );
    assert.doesNotMatch(text, /\/(send|messages)\b/, file);
  }
});
