import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { aDatabasePath } from "./sqlite-store.ts";

const CHILD = fileURLToPath(new URL("claiming-child.ts", import.meta.url));
const REQUESTS = 50;
const TIMEOUT_MS = 60_000;

/** Node answers and SQLite writes on the same thread, the only one that is traced. */
const STRACE = ["-y", "-e", "trace=write,pwrite64,fsync,fdatasync"];
const canTrace = spawnSync("strace", ["-o", "/dev/null", ...STRACE, "true"], { timeout: 10_000 }).status === 0;
const skip = canTrace ? false : "strace is not on this machine, or may not trace";

interface Trace {
  readonly answers: number;
  /** Answers that were given while the log had pages that a power cut would take. */
  readonly tooEarly: number;
}

async function traceOf(t: TestContext, path: string, args: readonly string[]): Promise<Trace> {
  const file = join(dirname(path), "trace");
  await promisify(execFile)("strace", ["-o", file, ...STRACE, process.execPath, ...args], {
    timeout: TIMEOUT_MS,
    signal: t.signal,
  });
  let isUnsynced = false;
  let [answers, tooEarly] = [0, 0];
  for (const line of (await readFile(file, "utf8")).split("\n")) {
    const [, call = "", target = ""] = /^(\w+)\(\d+<([^>]*)>/.exec(line) ?? [];
    if (call === "pwrite64" && target.endsWith("-wal")) isUnsynced = true;
    else if (call.endsWith("sync") && target.endsWith("-wal")) isUnsynced = false;
    else if (call === "write" && /"(claimed|completed) \d+\\n"/.test(line)) {
      answers += 1;
      if (isUnsynced) tooEarly += 1;
    }
  }
  return { answers, tooEarly };
}

test("the disk has every page of a write before the write is answered: a power cut takes nothing that was", {
  skip,
  timeout: 2 * TIMEOUT_MS,
}, async (t) => {
  const path = await aDatabasePath(t);
  const ledger = await traceOf(t, path, [CHILD, `sqlite:${path}`, String(REQUESTS), "synced"]);
  assert.deepEqual(ledger, { answers: 2 * REQUESTS, tooEarly: 0 });
});

test("and it would show if it had not", { skip, timeout: 2 * TIMEOUT_MS }, async (t) => {
  const path = await aDatabasePath(t);
  const lazy = `
    const db = new (require("node:sqlite").DatabaseSync)(${JSON.stringify(path)});
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE written (n INTEGER)");
    for (let n = 0; n < ${REQUESTS}; n++) {
      db.exec("INSERT INTO written VALUES (1)");
      process.stdout.write("claimed " + n + "\\n");
    }`;
  const { answers, tooEarly } = await traceOf(t, path, ["-e", lazy]);
  assert.equal(answers, REQUESTS);
  assert.ok(tooEarly > REQUESTS / 2, `${tooEarly} of ${answers}`);
});
