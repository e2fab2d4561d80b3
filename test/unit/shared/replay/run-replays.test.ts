import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { newReplay, REPLAYS } from "@draftmill/shared/replay/replay.ts";
import { replayRow } from "@draftmill/shared/replay/replay-row.ts";
import { type ReplayDeps, runReplay, runReplays } from "@draftmill/shared/replay/run-replays.ts";
import { ManualClock } from "../../../support/manual-clock.ts";
import { ScriptedPublisher } from "../../api/api-under-test.ts";

const LEASE_MS = 60_000;
const MAILBOX = "rep@corp.example";
const NEVER = new AbortController().signal;

interface Bench {
  readonly clock: ManualClock;
  readonly ledger: DraftLedger;
  /** A process that carries replays out, with a publisher of its own. */
  process(publisher?: ScriptedPublisher): ReplayDeps & { readonly publisher: ScriptedPublisher };
  fail(id: string, body?: string | null, generation?: number): Promise<void>;
  order(limit?: number, id?: string): Promise<string>;
}

async function aBench(t: TestContext): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-replay-"));
  const clock = new ManualClock();
  const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock });
  t.after(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const ledger = new DraftLedger(store, { clock });
  const replays = ledger.documents(REPLAYS);
  const log = createLogger("api", "silent");
  return {
    clock,
    ledger,
    process: (publisher = new ScriptedPublisher()) => ({
      ledger,
      replays,
      publisher,
      orderingShards: 16,
      clock,
      log,
      replayLeaseMs: LEASE_MS,
    }),
    async fail(id, body = "{}", generation = 0) {
      const about = { id, mailbox: MAILBOX, to: ["ada@example.com"], subject: "S", bodyHash: id, generation };
      const problem = { code: "GMAIL_OFF", detail: "why", retryable: true };
      await ledger.failUnclaimed(newDraftRecord(about, clock.nowMs()), { state: "parked", problem, body });
    },
    async order(limit = 1_000, id = "replay") {
      await clock.advance(1);
      await replays.create(newReplay({ id, filter: { state: "parked" }, limit, caller: null }, clock.nowMs()));
      return id;
    },
  };
}

/** A process that is stopped in the midst of its first rows, their publishes unanswered. */
async function stuck(bench: Bench, id: string) {
  const publisher = new ScriptedPublisher();
  publisher.set("hold");
  const ended = runReplay(bench.process(publisher), id, NEVER);
  while (publisher.published.length < 10) await new Promise((turn) => setImmediate(turn));
  return { ended, publisher };
}

test("what a process that died got done of a page counts towards the limit, and is told", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 40; n++) await bench.fail(`r-${n}`);
  const id = await bench.order(25);
  const dead = await stuck(bench, id);
  await bench.clock.advance(LEASE_MS);
  const next = bench.process();
  assert.deepEqual(await runReplays(next, NEVER), { replayed: 15, unfinished: false });
  const done = await next.replays.get(id);
  assert.deepEqual([done?.state, done?.requeued, done?.skipped], ["done", 25, { limit: 15 }]);
  assert.deepEqual(done?.takingUp, []);
  dead.publisher.acknowledgeAll();
  await dead.ended;
});

test("what another replay has taken up of a page meanwhile is told by that one alone", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 20; n++) await bench.fail(`r-${n}`);
  const id = await bench.order();
  const dead = await stuck(bench, id);
  const next = bench.process();
  const other = await bench.order(1_000, "other");
  assert.equal(await runReplay(next, other, NEVER), 10);
  await bench.clock.advance(LEASE_MS);
  await runReplays(next, NEVER);
  const told = await Promise.all([id, other].map((one) => next.replays.get(one)));
  assert.deepEqual(
    told.map((replay) => [replay?.state, replay?.requeued]),
    [
      ["done", 10],
      ["done", 10],
    ],
  );
  dead.publisher.acknowledgeAll();
  await dead.ended;
});

test("nobody takes a replay up before its lease has run out", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 20; n++) await bench.fail(`r-${n}`);
  const id = await bench.order();
  const alive = await stuck(bench, id);
  await bench.clock.advance(LEASE_MS - 1);
  assert.deepEqual(await runReplays(bench.process(), NEVER), { replayed: 0, unfinished: false });
  alive.publisher.set("acknowledge");
  alive.publisher.acknowledgeAll();
  await alive.ended;
});

test("a process that comes back after its lease changes nothing that the next one has told", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 30; n++) await bench.fail(`r-${n}`);
  await bench.fail("bodiless", null);
  const id = await bench.order();
  const frozen = await stuck(bench, id);
  await bench.clock.advance(LEASE_MS);
  const next = bench.process();
  await runReplays(next, NEVER);
  const told = await next.replays.get(id);
  assert.deepEqual([told?.state, told?.requeued, told?.skipped], ["done", 30, { "no-body": 1 }]);
  // Three that the next process took up have failed once more in the meantime.
  for (const failed of ["r-0", "r-1", "r-2"]) await bench.fail(failed, "{}", 1);
  frozen.publisher.set("acknowledge");
  frozen.publisher.acknowledgeAll();
  await frozen.ended;
  assert.deepEqual(await next.replays.get(id), told);
  for (const failed of ["r-0", "r-1", "r-2"]) {
    const record = await bench.ledger.get(failed);
    assert.deepEqual([record?.state, record?.generation], ["parked", 1]);
  }
});

test("a row that has been taken up and has failed again since it was read is left alone", async (t) => {
  const bench = await aBench(t);
  await bench.fail("r");
  const read = await bench.ledger.get("r");
  assert.ok(read);
  const process = bench.process();
  assert.equal(await replayRow(process, read, "r"), "requeued");
  await bench.fail("r", "{}", 1);
  assert.equal(await replayRow(process, read, "r"), "moved");
  const record = await bench.ledger.get("r");
  assert.deepEqual([record?.state, record?.generation], ["parked", 1]);
  assert.equal(process.publisher.published.length, 1);
});

test("what was taken up before a cancel is told although the process died at it", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 40; n++) await bench.fail(`r-${n}`);
  const id = await bench.order();
  const dead = await stuck(bench, id);
  const next = bench.process();
  await next.replays.update(id, (replay, nowMs) => ({ ...replay, state: "canceled", finishedAtMs: nowMs }));
  await bench.clock.advance(LEASE_MS);
  assert.deepEqual(await runReplays(next, NEVER), { replayed: 0, unfinished: false });
  const told = await next.replays.get(id);
  assert.deepEqual([told?.state, told?.requeued, told?.takingUp], ["canceled", 10, []]);
  assert.equal((await bench.ledger.countByState()).parked, 30);
  dead.publisher.acknowledgeAll();
  await dead.ended;
});

test("slow publishes end a page early, long before the lease is over", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 40; n++) await bench.fail(`r-${n}`);
  await bench.fail("bodiless", null);
  const id = await bench.order();
  const slow = await stuck(bench, id);
  await bench.clock.advance(LEASE_MS / 2 + 1);
  slow.publisher.acknowledgeAll();
  while (slow.publisher.published.length < 20) await new Promise((turn) => setImmediate(turn));
  const replay = await bench.process().replays.get(id);
  assert.deepEqual([replay?.requeued, replay?.progress], [10, null]);
  assert.equal(replay?.leaseUntilMs, bench.clock.nowMs() + LEASE_MS);
  slow.publisher.set("acknowledge");
  slow.publisher.acknowledgeAll();
  await slow.ended;
  const done = await bench.process().replays.get(id);
  assert.deepEqual([done?.state, done?.requeued, done?.skipped], ["done", 40, { "no-body": 1 }]);
});

test("what cannot be taken up does not use up the limit", async (t) => {
  const bench = await aBench(t);
  for (let n = 0; n < 5; n++) await bench.fail(`good-${n}`);
  for (let n = 0; n < 5; n++) await bench.fail(`bodiless-${n}`, null);
  const id = await bench.order(5);
  const process = bench.process();
  assert.equal(await runReplay(process, id, NEVER), 5);
  const done = await process.replays.get(id);
  assert.deepEqual([done?.requeued, done?.skipped], [5, { "no-body": 5 }]);
});

test("a row whose body is not all there any more is left as it is, and told", async (t) => {
  const bench = await aBench(t);
  await bench.fail("r", `{"html":"${"x".repeat(200_000)}"}`);
  const read = await bench.ledger.get("r");
  assert.ok(read?.bodyParts);
  const process = bench.process();
  const half = { ...read, bodyParts: { ...read.bodyParts, hash: "another" } };
  assert.equal(await replayRow(process, half, "r"), "no-body");
  assert.equal((await bench.ledger.get("r"))?.state, "parked");
  assert.deepEqual(process.publisher.published, []);
});
