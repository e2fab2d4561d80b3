import assert from "node:assert/strict";
import { test } from "node:test";
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
