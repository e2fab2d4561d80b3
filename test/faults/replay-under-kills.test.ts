import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { REPLAYS, type Replay } from "@draftmill/shared/replay/replay.ts";
import { readBooks } from "../support/books.ts";
import { chanceOf } from "../support/chance.ts";
import { reckon } from "../support/reckoning.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";

const SEED = 20_261_127;
const ROWS = 1_000;
const MAILBOXES = 10;
const BATCH = "batch-of-a-thousand";
const LOOK_EVERY_MS = 5;
const SWEEP_EVERY_MS = 200;

describe("all failed of a thousand ordered twice at once, api and workers killed while it runs", {
  timeout: 180_000,
}, () => {
  let stack: FaultStack;
  before(async () => {
    stack = await startFaultStack({
      workerClocksMs: [0, 0],
      environment: { REPLAY_LEASE_MS: "1000" },
      google: { unitsPerMinute: 1_000_000 },
      pubsub: { pushWindow: { initial: 20, max: 100, min: 20 } },
    });
  });
  after(() => stack.finish());

  const mailboxes = Array.from({ length: MAILBOXES }, (_, n) => `replayed${n}@example.com`);
  const until = async (fact: () => Promise<boolean>): Promise<void> => {
    while (!(await fact())) await systemClock.sleep(LOOK_EVERY_MS);
  };
  const replayOf = async (id: string): Promise<Replay> => {
    const replay = await stack.ledger.documents(REPLAYS).get(id);
    assert.ok(replay);
    return replay;
  };
  const order = async (): Promise<string> => {
    const answer = await fetch(`${stack.api.url}/v1/replays`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ filter: { batch: BATCH } }),
      signal: AbortSignal.timeout(20_000),
    });
    assert.equal(answer.status, 202);
    return ((await answer.json()) as { id: string }).id;
  };

  it("each row is taken up by one of the two, and has one draft", async (t) => {
    const chance = chanceOf(SEED);
    const ids = Array.from({ length: ROWS }, (_, n) => `failed-${n}`);
    for (const [n, id] of ids.entries()) {
      const body = { to: "ada@example.com", subject: `No. ${n}`, message: "M", mailbox: mailboxes[n % MAILBOXES] };
      const parsed = parseDraftRequest(body, null);
      assert.ok(parsed.ok);
      const { mailbox, subject } = parsed.request;
      const about = { id, mailbox, to: ["ada@example.com"], subject, bodyHash: fingerprint(parsed.request) };
      const record = newDraftRecord({ ...about, batch: BATCH }, Date.now());
      const problem = { code: "GMAIL_OFF", detail: "why", retryable: true };
      await stack.ledger.failUnclaimed(record, { state: "parked", problem, body: JSON.stringify(body) });
    }
    // What fails in the very millisecond of the order counts as having failed after it.
    await systemClock.sleep(LOOK_EVERY_MS);
    const orders = await Promise.all([order(), order()]);
    const left = async (): Promise<number> => (await stack.ledger.countByState({ batch: BATCH })).parked;

    // What an api that died has left is the sweep's, which is killed as well.
    let atRest = false;
    const sweeping = (async () => {
      while (!atRest) {
        await stack.sweep().catch(() => {});
        await systemClock.sleep(SWEEP_EVERY_MS);
      }
    })();
    const victims = [stack.api, stack.worker, stack.worker, ...stack.workers.slice(1), stack.api];
    let killedMs = 0;
    for (const [kill, victim] of victims.entries()) {
      const below = ROWS - ((kill + chance()) / victims.length) * ROWS;
      await until(async () => (await left()) < below);
      const pid = victim.pid();
      assert.ok((await left()) > 0, `all was over before kill ${kill + 1}`);
      process.kill(pid, "SIGKILL");
      killedMs = Date.now();
      await victim.restarted(pid);
    }
    await until(async () => {
      const states = await Promise.all(orders.map(async (id) => (await replayOf(id)).state));
      const { queued, processing } = await stack.ledger.countByState({ batch: BATCH });
      return states.every((state) => state === "done") && queued + processing === 0;
    });
    atRest = true;
    await sweeping;
    await stack.pubsub().idle("draft-requests-push", AbortSignal.timeout(30_000));
    const tookS = ((Date.now() - killedMs) / 1_000).toFixed(1);

    const { records, drafts } = await readBooks(stack.ledger, stack.google);
    const { created, lost, duplicated, unexplained } = reckon({ accepted: ids, records, drafts });
    assert.deepEqual({ lost, duplicated, unexplained }, { lost: [], duplicated: [], unexplained: [] });
    assert.equal(created, ROWS);
    const replays = await Promise.all(orders.map(replayOf));
    t.diagnostic(`seed ${SEED}; ${victims.length} kills, at rest ${tookS} s after the last`);
    for (const { requeued, skipped } of replays) t.diagnostic(JSON.stringify({ requeued, skipped }));
    assert.equal(
      replays.reduce((sum, { requeued }) => sum + requeued, 0),
      ROWS,
    );
    for (const { requeued, skipped } of replays) {
      const { moved = 0, ...others } = skipped;
      assert.deepEqual(others, {});
      assert.ok(requeued + moved <= ROWS);
    }
  });
});
