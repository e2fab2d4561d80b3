import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { type TestContext, test } from "node:test";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import { BATCH_WATCHES, BATCH_WRITTEN_WITHIN_MS, newBatchWatch } from "@draftmill/shared/batch/batch-watch.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { completeBatches } from "@draftmill/worker/batches/complete-batches.ts";
import { ManualClock } from "../../support/manual-clock.ts";

async function aSweep(t: TestContext) {
  const clock = new ManualClock();
  const folder = await mkdtemp(join(tmpdir(), "draftmill-batches-"));
  const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock });
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const ledger = new DraftLedger(store, { clock });
  const log = createLogger("worker", "info", new Writable({ write: (_chunk, _encoding, done) => done() }));
  const look = () => completeBatches({ ledger, events: null, clock, log }, new AbortController().signal);
  return { clock, look, watches: ledger.documents(BATCH_WATCHES), batches: ledger.documents(BATCHES) };
}

const ABOUT = { id: "b-1", name: null, caller: null, source: "items", total: 0, rejected: 0, mailboxes: {} } as const;

test("a watch waits for its batch, which is written at the same time, and finds its end", async (t) => {
  const { clock, look, watches, batches } = await aSweep(t);
  await watches.create(newBatchWatch("b-1", clock.nowMs()));
  assert.deepEqual(await look(), { completed: 0 });
  await batches.create({ ...newBatch(ABOUT, clock.nowMs()), sealedAtMs: clock.nowMs() });
  await clock.advance(BATCH_WRITTEN_WITHIN_MS / 2);
  assert.deepEqual(await look(), { completed: 1 });
  assert.equal(await watches.get("b-1"), null);
});

test("a watch whose batch was never written is given up after a minute", async (t) => {
  const { clock, look, watches } = await aSweep(t);
  await watches.create(newBatchWatch("b-1", clock.nowMs()));
  await clock.advance(BATCH_WRITTEN_WITHIN_MS / 2);
  await look();
  assert.notEqual(await watches.get("b-1"), null);
  await clock.advance(BATCH_WRITTEN_WITHIN_MS);
  await look();
  assert.equal(await watches.get("b-1"), null);
});
