import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../support/readme.ts";

const run = promisify(execFile);

/**
 * Listens, and then runs a loop of WebAssembly for longer than V8 lets one run before it optimises it: (func (param i32) (loop (br_if 0
 * (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))).
 */
const LOOPS = `
const bytes = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 1, 127, 0, 3, 2, 1, 0, 7, 5, 1, 1, 102, 0, 0, 10, 16, 1, 14, 0, 3, 64, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 11]);
const server = require("node:http").createServer().listen(0, "127.0.0.1", () => setImmediate(async () => {
  const { instance } = await WebAssembly.instantiate(bytes);
  for (let turn = 0; turn < 10; turn++) {
    instance.exports.f(1_000_000);
    await new Promise((next) => setImmediate(next));
  }
  server.close();
}));
`;

/** The compilers that have been at the loop. */
async function compilers(...command: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, ["--trace-wasm-compilation-times", ...command], { timeout: 30_000 });
  return [...stdout.matchAll(/ using (\w+),/g)].map(([, compiler = ""]) => compiler);
}

test("V8's optimising compiler leaves a new instance its processor: the parser of answers is not worth it so soon", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-start-"));
  t.after(() => rm(folder, { recursive: true }));
  const service = join(folder, "service.cjs");
  await writeFile(service, LOOPS);
  assert.deepEqual(await compilers(service), ["Liftoff", "TurboFan"], "what Node does by itself");
  assert.deepEqual(await compilers(join(ROOT, "infra/image/start.cjs"), service), ["Liftoff"]);
});
