import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { BATCHES, type BatchUndo } from "@draftmill/shared/batch/batch.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";

/** As in production: nothing here waits until it is over. */
const LEASE_MS = 180_000;
/** More than the minute in which a request is claimed by what its batch was before, and less than a lease. */
const STEP_MS = 70_000;
const DRAFTS = 3;
const LOOK_EVERY_MS = 10;
const CALL_MS = 30_000;

describe("an undo waits for what may still come, not for a lease", { timeout: 60_000 }, () => {
  let stack: FaultStack;
  before(async () => {
    const environment = { CLOCK_STEP_MS: String(STEP_MS) };
    stack = await startFaultStack({ leaseMs: LEASE_MS, environment, google: { unitsPerMinute: 1_000_000 } });
  });
  after(() => stack.finish());

  const post = async (path: string, body: unknown): Promise<string> => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${stack.api.url}${path}`, { ...init, signal: AbortSignal.timeout(CALL_MS) });
    assert.equal(answer.status, 202);
    return ((await answer.json()) as { readonly id: string }).id;
  };
  const handIn = (mailbox: string): Promise<string> =>
    post("/v1/batches", {
      defaults: { mailbox },
      items: Array.from({ length: DRAFTS }, (_, n) => ({ to: "x@example.test", subject: `No. ${n}`, message: "M" })),
    });
  const created = async (batch: string, count: number): Promise<void> => {
    while ((await stack.ledger.countByState({ batch })).created !== count) await systemClock.sleep(LOOK_EVERY_MS);
  };
  const swept = async (batch: string): Promise<Pick<BatchUndo, "deleted" | "gone"> & { isOver: boolean }> => {
    await stack.sweep();
    const undo = (await stack.ledger.documents(BATCHES).get(batch))?.undo;
    assert.ok(undo);
    return { deleted: undo.deleted, gone: undo.gone, isOver: undo.finishedAtMs !== null };
  };

  it("over once no request can be claimed that has not heard of it, unless one is claimed: its draft is taken back, too", async () => {
    const atRest = await handIn("rest@example.com");
    await created(atRest, DRAFTS);
    // Made, and nobody hears of it for a while.
    const held = stack.lines.google.fault({ side: "answer", upon: "POST /gmail", fault: { kind: "hold" }, times: 1 });
    const underWay = await handIn("under-way@example.com");
    await created(underWay, DRAFTS - 1);
    await held.met();
    for (const id of [atRest, underWay]) await post(`/v1/batches/${id}/undo`, {});
    assert.deepEqual(await swept(atRest), { deleted: DRAFTS, gone: 0, isOver: false });
    assert.deepEqual(await swept(underWay), { deleted: DRAFTS - 1, gone: 0, isOver: false });
    const stepped = stack.next(({ message }) => message === "clock.stepped");
    process.kill(stack.worker.pid(), "SIGUSR2");
    await stepped;
    assert.deepEqual(await swept(atRest), { deleted: DRAFTS, gone: 0, isOver: true });
    assert.deepEqual(await swept(underWay), { deleted: DRAFTS - 1, gone: 0, isOver: false });
    held.end();
    await created(underWay, 1);
    assert.deepEqual(await swept(underWay), { deleted: DRAFTS, gone: 0, isOver: true });
    assert.deepEqual(stack.google.drafts("under-way@example.com"), []);
  });
});
