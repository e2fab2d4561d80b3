import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { chanceOf } from "../../support/chance.ts";
import { aDatabasePath } from "./sqlite-store.ts";

const CHILD = fileURLToPath(new URL("claiming-child.ts", import.meta.url));
const SEED = 20_261_128;
/** Two for each request. Few enough that nothing is taken over into the main file, which SQLite begins at 4 MB. */
const WRITES = 60;
const LOG_MAX_BYTES = 4_000_000;
const CUTS = 40;
const FLIPS = 15;

/** Claims and completes one request after the other, and is killed when it has answered so often. */
async function writeUntilKilled(path: string): Promise<void> {
  const child = spawn(process.execPath, [CHILD, `sqlite:${path}`, "100000", "torn"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let answers = 0;
  for await (const _ of createInterface({ input: child.stdout })) {
    answers += 1;
    if (answers === WRITES) child.kill("SIGKILL");
  }
  await exited;
}

/** What the ledger holds that is made of this main file and this log. */
async function recordsOf(t: TestContext, path: string, name: string, log: Buffer): Promise<readonly DraftRecord[]> {
  const folder = join(dirname(path), name);
  await mkdir(folder);
  const copy = join(folder, "ledger.db");
  await copyFile(path, copy);
  await writeFile(`${copy}-wal`, log);
  const ledger = await openLedger(`sqlite:${copy}`, { clock: systemClock });
  t.after(() => ledger.close());
  const { items } = await ledger.list({ limit: 1_000 });
  const db = new DatabaseSync(copy);
  assert.deepEqual(
    db
      .prepare("PRAGMA integrity_check")
      .all()
      .map((row) => row.integrity_check),
    ["ok"],
    name,
  );
  db.close();
  return items.toReversed();
}

/** Each request is claimed and completed before the next: whatever is lost is lost from the end. */
function assertPrefix(records: readonly DraftRecord[], name: string): void {
  const last = records.length - 1;
  for (const [n, { id, state, draftId, claimedAtMs }] of records.entries()) {
    assert.equal(id, `request-${n}`, name);
    assert.ok(state === "created" || (n === last && state === "processing"), `${name}: ${id} is ${state}`);
    assert.equal(draftId, state === "created" ? `r-torn-${n}` : null, name);
    assert.equal(state === "processing", claimedAtMs !== null, name);
  }
}

test("a log that ends anywhere, or has a bit turned, leaves what was written before it, whole", {
  timeout: 60_000,
}, async (t) => {
  const path = await aDatabasePath(t);
  await writeUntilKilled(path);
  const log = await readFile(`${path}-wal`);
  assert.ok(log.length < LOG_MAX_BYTES, `${log.length} bytes`);
  assert.ok((await stat(path)).size < log.length, "the log has been taken over");
  const all = await recordsOf(t, path, "whole", log);
  assertPrefix(all, "whole");
  assert.ok(all.length >= WRITES / 2);

  const chance = chanceOf(SEED);
  const lengths = Array.from({ length: CUTS }, () => Math.floor(chance() * log.length)).toSorted((a, b) => a - b);
  let before = 0;
  const kept = new Set<number>();
  for (const length of lengths) {
    const records = await recordsOf(t, path, `cut-at-${length}`, log.subarray(0, length));
    assertPrefix(records, `cut at ${length}`);
    assert.ok(records.length >= before && records.length <= all.length, "a longer log holds no less");
    before = records.length;
    kept.add(before);
  }
  assert.ok(kept.size > CUTS / 4, "the cuts were all at the same place");

  for (let n = 0; n < FLIPS; n++) {
    const at = Math.floor(chance() * log.length);
    const flipped = Buffer.from(log);
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << Math.floor(chance() * 8)), at);
    assertPrefix(await recordsOf(t, path, `flip-${n}-at-${at}`, flipped), `bit turned at ${at}`);
  }
  t.diagnostic(
    `seed ${SEED}: ${log.length} bytes, ${CUTS} cuts, ${FLIPS} bits turned; ${all.length} records when whole`,
  );
});
