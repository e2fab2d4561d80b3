import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildBundles } from "../support/bundles.ts";
import { readText } from "../support/readme.ts";
import { importsOf, trackedFiles } from "../support/repository.ts";

/*
 * What is proven here: no line of ours names a route or a method that sends, nothing of ours takes hold of more of the
 * Gmail client than its `drafts`, and of that it calls create, list, get and delete. What is not: the scope gmail.compose would
 * allow sending, and googleapis has the code for it, unreached, in the worker's bundle. That no call reaches a send
 * route at run time is what the end-to-end tests check at the sandbox Google, which records any attempt.
 */

const SENDS =
  /(?:drafts|messages)\/send|(?:drafts|messages)\s*\??\.\s*(?:send|import|insert)\b|["'`]gmail\.users\.(?:drafts|messages)\.send/;

const sources = trackedFiles().filter((path) => /^(?:shared|services\/\w+)\/src\/.*\.ts$/.test(path));
const options = { skip: sources.length === 0 && "not a git work tree" };

test("the pattern knows each way to send when it sees it", () => {
  for (const line of [
    "POST /gmail/v1/users/me/drafts/send",
    "/upload/gmail/v1/users/me/messages/send",
    "await gmail.users.drafts.send({})",
    "users.messages?.send()",
  ]) {
    assert.match(line, SENDS);
  }
  assert.doesNotMatch("await drafts.create({ userId })", SENDS);
});

test("no source line of the services names a route or a method that sends", options, () => {
  for (const path of sources) assert.doesNotMatch(readText(path), SENDS, path);
});

test(
  "of the Gmail client the worker holds `users.drafts` only, and calls create, list, get and delete",
  options,
  () => {
    const holders = sources.filter((path) =>
      importsOf(readText(path)).some(
        ({ specifier, typeOnly }) => specifier.startsWith("googleapis/build/src/apis/gmail/") && !typeOnly,
      ),
    );
    assert.deepEqual(holders, ["services/worker/src/gmail/drafts-resource.ts"]);
    const holder = readText("services/worker/src/gmail/drafts-resource.ts");
    assert.deepEqual(
      [...holder.matchAll(/gmail\("v1"\)(\S*)/g)].map(([, rest]) => rest),
      [".users.drafts;"],
    );
    const called = sources.flatMap((path) =>
      [...readText(path).matchAll(/\bdrafts\.(\w+)\(/g)].map(([, name]) => name),
    );
    assert.deepEqual([...new Set(called)].sort(), ["create", "delete", "get", "list"]);
    for (const path of sources.filter((file) => file.startsWith("services/worker/"))) {
      assert.doesNotMatch(readText(path), /\bdrafts\s*\[|\.users\s*\[|\busers\.(?!drafts\b)\w+/, path);
    }
  },
);

test("in the bundles a send route stands in googleapis' own Gmail module and nowhere else", options, async (t) => {
  const { folder } = await buildBundles(t);
  for (const [file, modulesAtLeast] of [
    ["api.cjs", 301],
    ["worker.cjs", 301],
    ["doctor.mjs", 301],
    ["draftmill.mjs", 100],
  ] as const) {
    const modules = readFileSync(join(folder, file), "utf8").split(/^(?=\/\/ [\w.@-]+\/\S+$)/m);
    assert.ok(modules.length >= modulesAtLeast, "the bundle still says where each module came from");
    const named = modules
      .filter((text) => /(?:drafts|messages)\/send/.test(text))
      .map((text) => text.split("\n", 1)[0]);
    const allowed = ["worker.cjs", "doctor.mjs"].includes(file)
      ? ["// node_modules/googleapis/build/src/apis/gmail/v1.js"]
      : [];
    assert.deepEqual(named, allowed, file);
  }
});
