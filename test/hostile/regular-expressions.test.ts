import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { checkSync } from "recheck";
import { readText } from "../support/readme.ts";
import { trackedFiles } from "../support/repository.ts";
import { findPatterns } from "./regular-expressions.ts";

const require = createRequire(import.meta.url);
// The build for browsers is JavaScript alone; the other one starts a native process, which not every machine has.
const recheck = require(join(dirname(require.resolve("recheck")), "lib", "browser.js")) as {
  checkSync: typeof checkSync;
};

const PRODUCT = /^(?:shared\/src|services\/[\w-]+\/src|infra\/local)\/.*\.[cm]?[jt]s$/;
const files = trackedFiles().filter((path) => PRODUCT.test(path));
const options = { skip: files.length === 0 && "not a git work tree" };

/** Why a pattern may take more than linear time, or null. Whatever is not known to be safe counts as not safe. */
function danger(source: string, flags: string): string | null {
  // No seed of chance, and enough time for a busy machine.
  const verdict = recheck.checkSync(source, flags, { timeout: 60_000, randomSeed: 1 });
  return verdict.status === "safe" ? null : `${verdict.status}: ${JSON.stringify(verdict)}`.slice(0, 300);
}

test("no regular expression of the product takes more than linear time on any text", options, (t) => {
  const verdicts = new Map<string, string | null>();
  const bad: string[] = [];
  let count = 0;
  for (const path of files) {
    for (const { line, source, flags } of findPatterns(readText(path))) {
      const key = `/${source}/${flags}`;
      if (!verdicts.has(key)) verdicts.set(key, danger(source, flags));
      const verdict = verdicts.get(key);
      if (verdict !== null) bad.push(`${path}:${line} ${key} is ${verdict}`);
      count += 1;
    }
  }
  t.diagnostic(`${count} regular expressions in ${files.length} files, ${verdicts.size} of them different`);
  assert.deepEqual(bad, []);
  assert.ok(verdicts.size > 50, "hardly any were found");
});

test("a regular expression that backtracks without end is found, however it is written", () => {
  const typescript = [
    "const a = /^(\\w+\\s?)*$/ as RegExp;",
    "const b: RegExp = new RegExp('(a|a)*$', 'i');",
    "const c = RegExp(`^(?:$" + "{name}+)+$`);",
    'const schema = { type: "string", pattern: "^(a+)+$" };',
    "const fine = /^[a-z]+$/;",
  ].join("\n");
  const found = findPatterns(typescript);
  assert.deepEqual(
    found.map(({ line }) => line),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(
    found.map(({ source, flags }) => danger(source, flags)?.split(":")[0] ?? null),
    ["vulnerable", "vulnerable", "vulnerable", "vulnerable", null],
  );
  assert.throws(() => findPatterns("new RegExp(secret)"), /line 1/);
});
