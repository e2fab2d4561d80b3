import assert from "node:assert/strict";
import { test } from "node:test";
import { MEMORY_FLAGS } from "@draftmill/local/service-process.ts";
import { readText } from "../support/readme.ts";
import { importMemory } from "./import-memory.ts";

const GROWTH_MAX_MB = 64;

test(`an import has the api grow by less than ${GROWTH_MAX_MB} MB: of many rows, of few and large ones`, {
  timeout: 120_000,
}, async (t) => {
  const shapes = [
    { rows: 5_000, textLength: 500 },
    { rows: 200, textLength: 100_000 },
  ];
  for (const memory of await importMemory(shapes)) {
    t.diagnostic(JSON.stringify(memory));
    assert.ok(memory.peakMb - memory.beforeMb < GROWTH_MAX_MB, `from ${memory.beforeMb} to ${memory.peakMb} MB`);
  }
});

test("wherever a service is started, its memory is held by the same flags", () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(readText("package.json"));
  for (const service of ["api", "worker"])
    assert.equal(scripts[`start:${service}`], `node ${MEMORY_FLAGS.join(" ")} services/${service}/src/main.ts`);
  const [, command = ""] = /^CMD (.*)$/m.exec(readText("infra/image/Dockerfile")) ?? [];
  const args: string[] = JSON.parse(command);
  assert.deepEqual(
    args.filter((arg) => MEMORY_FLAGS.includes(arg)),
    MEMORY_FLAGS,
  );
});
