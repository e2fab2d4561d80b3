import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import "@draftmill/api/batches/batch-schema.ts";
import "@draftmill/api/callers/parse-callers.ts";
import "@draftmill/api/imports/import-order.ts";
import "@draftmill/shared/contract/draft-request.ts";
import { AS_IT_STANDS, OWN_SCHEMAS, type OwnSchema } from "@draftmill/shared/contract/own-schema.ts";
import "@draftmill/shared/contract/pushed-message.ts";
import "@draftmill/shared/replay/replay-order.ts";
import { Ajv, type ValidateFunction } from "ajv";
import { ROOT, readText } from "../support/readme.ts";
import { trackedFiles } from "../support/repository.ts";

const { codeOf } = (await import(join(ROOT, "infra/image/own-validators.mjs"))) as {
  codeOf(one: OwnSchema): string;
};

/** What a field may hold that it should not, and some that it may. */
const VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  1.5,
  "",
  "text",
  "ada@example.com",
  "\u{1F600}".repeat(600),
  "x".repeat(70_000),
  [],
  ["a", 1, null, "x".repeat(600)],
  Array.from({ length: 1_002 }, () => "a"),
  {},
  { a: 1, "b c": "x", content: "?", filename: 1 },
  Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`n${n}`, "v"])),
  { __proto__: null, constructor: 1 },
];

/** A validator as the bundles have it. */
function asBundled(one: OwnSchema): ValidateFunction {
  const module: { exports: unknown } = { exports: {} };
  const require = createRequire(join(ROOT, "shared/package.json"));
  new Function("module", "exports", "require", codeOf(one))(module, module.exports, require);
  return module.exports as ValidateFunction;
}

function bodiesFor({ schema }: OwnSchema): unknown[] {
  const names = Object.keys((schema as { properties?: object }).properties ?? {});
  const sound = { to: "ada@example.com", subject: "S", message: "M" };
  const odd = names.flatMap((name) => VALUES.map((value) => ({ [name]: value })));
  return [undefined, ...VALUES, sound, ...odd, ...odd.map((fields) => ({ ...sound, ...fields, more: 1 }))];
}

test("the validators in the bundles say of every value what those say that are compiled at a start", () => {
  const holders = trackedFiles().filter(
    (path) => /^(?:shared|services)\/.*\.ts$/.test(path) && readText(path).includes("/own-schema.ts"),
  );
  assert.ok(holders.length >= 6);
  assert.equal(OWN_SCHEMAS.length, holders.map((path) => readText(path).split("compileOwn<").length - 1).reduce(sum));
  let refused = 0;
  for (const one of OWN_SCHEMAS) {
    const compiled = new Ajv({ ...one.options, ...AS_IT_STANDS }).compile(one.schema);
    const bundled = asBundled(one);
    for (const body of bodiesFor(one)) {
      assert.equal(bundled(body), compiled(body));
      assert.deepEqual(bundled.errors, compiled.errors);
      refused += compiled.errors?.length ?? 0;
    }
  }
  assert.ok(refused > 1_000, `${refused} faults compared`);
});

function sum(a: number, b: number): number {
  return a + b;
}
