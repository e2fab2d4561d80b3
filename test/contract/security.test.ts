import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { ROOT, readText, tableUnder } from "../support/readme.ts";

const DOCUMENT = "infra/docs/SECURITY.md";
const UNPROVEN = "only a real deployment can prove it";
const [header, , ...lines] = tableUnder(readText(DOCUMENT), "Threats");
const rows = lines.map((line) => {
  const [id = "", asset = "", threat = "", control = "", proof = ""] = line.slice(2, -2).split(" | ");
  return { id, asset, threat, control, proof };
});

test("every threat has a control, and a test that exists or the admission that there can be none here", () => {
  assert.equal(header, "| id | asset | threat | control | proved by |");
  assert.ok(rows.length >= 15);
  assert.deepEqual(
    rows.map(({ id }) => id),
    rows.map((_, index) => `S${index + 1}`),
  );
  for (const { id, asset, threat, control, proof } of rows) {
    assert.ok(asset !== "" && threat !== "" && control !== "", id);
    const tests = [...proof.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);
    assert.ok(tests.length > 0 || proof === UNPROVEN, `${id} is proved by nothing`);
    for (const path of tests) {
      assert.match(path, /^test\/.*\.test\.ts$/, id);
      assert.ok(existsSync(`${ROOT}${path}`), `${id} names ${path}`);
    }
  }
});

test("every file that the document names exists, and the links to it do", () => {
  const named = [...readText(DOCUMENT).matchAll(/`((?:services|shared|infra|test)\/[^`]+)`/g)].map(
    ([, path = ""]) => path,
  );
  assert.ok(named.length > 20);
  for (const path of named) assert.ok(existsSync(`${ROOT}${path}`), path);
  assert.match(readText("README.md"), /\]\(infra\/docs\/SECURITY\.md\)/);
  assert.match(readText("infra/docs/README.md"), /\]\(SECURITY\.md\)/);
});
