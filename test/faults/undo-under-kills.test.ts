import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { BATCHES, type BatchUndo } from "@draftmill/shared/batch/batch.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { orderStrike, type Spot, STRIKE_MET, withdrawStrike } from "./strike.ts";

const LEASE_MS = 3_000;
const PER_MAILBOX = 10;
/** An undo deletes so many of a mailbox at a time: as many meet a strike, and the others the next one. */
const AT_ONCE = 4;
const KILLS = 2;
const CALL_MS = 30_000;
const LOOK_EVERY_MS = 10;
/** A draft is deleted, then noted, then its record is let go, which is the second write of `canceled`. */
const SPOTS: readonly Spot[] = ["before delete", "after delete", "before canceled", "after canceled"];

interface Undone {
  readonly id: string;
  readonly mailboxes: readonly string[];
  /** Drafts that a person has worked on. */
  readonly kept: readonly string[];
  /** How many a person has thrown away. */
  readonly gone: number;
}

describe("an undo, with the worker killed in the middle of it and answers lost", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  before(async () => {
    stack = await startFaultStack({ leaseMs: LEASE_MS, google: { unitsPerMinute: 1_000_000 } });
  });
  after(() => stack.finish());

  const post = async (path: string, body: unknown) => {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(`${stack.api.url}${path}`, { ...init, signal: AbortSignal.timeout(CALL_MS) });
    assert.equal(answer.status, 202);
    return (await answer.json()) as { readonly id: string };
  };
  const undoOf = async (id: string): Promise<BatchUndo> => {
    const undo = (await stack.ledger.documents(BATCHES).get(id))?.undo;
    assert.ok(undo);
    return undo;
  };
  const undone = async (id: string): Promise<BatchUndo> => {
    while ((await undoOf(id)).finishedAtMs === null) {
      await stack.sweep();
      await systemClock.sleep(LOOK_EVERY_MS);
    }
    return undoOf(id);
  };
  /** A batch whose drafts are all made; resolves with its id and the records of each mailbox. */
  const batchOf = async (mailboxes: readonly string[]) => {
    const items = mailboxes.flatMap((mailbox) =>
      Array.from({ length: PER_MAILBOX }, (_, n) => ({
        to: "x@example.test",
        subject: `No. ${n}`,
        message: "M",
        mailbox,
      })),
    );
    const { id } = await post("/v1/batches", { items });
    while ((await stack.ledger.countByState({ batch: id })).created < items.length)
      await systemClock.sleep(LOOK_EVERY_MS);
    const { items: made } = await stack.ledger.list({ batch: id, state: "created", limit: 1_000 });
    return { id, made: Map.groupBy(made, ({ mailbox }) => mailbox) };
  };
  const draftsIn = (mailboxes: readonly string[]): readonly string[] =>
    mailboxes.flatMap((mailbox) => stack.google.drafts(mailbox).map((draft) => draft.id));

  /** Two deletes of a mailbox whose answers are lost, two of another that fail afterwards, and a person who is faster in a third. */
  const withoutAnswers = async (): Promise<Undone> => {
    const mailboxes = ["cut@example.com", "failing@example.com", "meanwhile@example.com"];
    const [cut = "", failing = "", meanwhile = ""] = mailboxes;
    const { id, made } = await batchOf(mailboxes);
    stack.google.faults.next("drafts.delete", 2, { kind: "drop", after: true }, cut);
    stack.google.faults.next("drafts.delete", 2, { kind: "answer", error: "backendError", after: true }, failing);
    // Once they are listed, while the first deletes are on their way.
    stack.google.faults.next("drafts.delete", AT_ONCE, { kind: "stall", ms: LEASE_MS / 8, after: true }, meanwhile);
    await post(`/v1/batches/${id}/undo`, {});
    const sweeping = stack.sweep();
    while (stack.google.drafts(meanwhile).length > PER_MAILBOX - AT_ONCE) await systemClock.sleep(1);
    const last = made.get(meanwhile)?.at(-1)?.draftId;
    assert.ok(last);
    stack.google.admin.deleteDraft(meanwhile, last);
    await sweeping;
    assert.deepEqual(stack.google.faults.pending(), []);
    const { finishedAtMs } = await undoOf(id);
    assert.equal(finishedAtMs, null);
    return { id, mailboxes, kept: [], gone: 1 };
  };

  /** A worker that is killed twice, each time at all of these spots at once, each in a mailbox of its own. */
  const underKills = async (t: TestContext): Promise<Undone> => {
    const mailboxes = SPOTS.map((spot) => `${nameOf(spot)}@example.com`);
    const { id, made } = await batchOf(mailboxes);
    const kept: string[] = [];
    for (const [mailbox, [edited, gone]] of made) {
      assert.ok(edited?.draftId && gone?.draftId);
      stack.google.admin.editDraft(mailbox, edited.draftId);
      stack.google.admin.deleteDraft(mailbox, gone.draftId);
      kept.push(edited.draftId);
    }
    await post(`/v1/batches/${id}/undo`, {});
    const at = SPOTS.map((spot) => ({ spot, mailboxes: nameOf(spot) }));
    orderStrike(stack.strikePath, { kind: "hold", hangMs: 0, at, spared: [] });
    for (let kill = 1; kill <= KILLS; kill++) {
      const first = stack.events.length;
      const struck = () =>
        new Set(stack.events.slice(first).flatMap(({ message, mailbox }) => (message === STRIKE_MET ? [mailbox] : [])));
      // Until the lease of the worker that was killed is over, a sweep finds the order taken.
      let sweeping: Promise<unknown> | null = null;
      while (struck().size < SPOTS.length) {
        sweeping ??= stack
          .sweep()
          .catch(() => {})
          .finally(() => {
            sweeping = null;
          });
        await systemClock.sleep(LOOK_EVERY_MS);
      }
      t.diagnostic(`kill ${kill}: ${draftsIn(mailboxes).length} drafts left`);
      const pid = stack.worker.pid();
      process.kill(pid, "SIGKILL");
      await stack.worker.restarted(pid);
      await sweeping;
    }
    withdrawStrike(stack.strikePath);
    return { id, mailboxes, kept, gone: mailboxes.length };
  };

  it("each draft is counted once, as what became of it", async (t) => {
    for (const { id, mailboxes, kept, gone } of [await withoutAnswers(), await underKills(t)]) {
      const drafts = mailboxes.length * PER_MAILBOX;
      const undo = await undone(id);
      assert.deepEqual(
        { deleted: undo.deleted, keptEdited: undo.keptEdited, gone: undo.gone },
        { deleted: drafts - kept.length - gone, keptEdited: kept.length, gone },
      );
      assert.deepEqual(draftsIn(mailboxes).toSorted(), kept.toSorted());
      const counts = Object.entries(await stack.ledger.countByState({ batch: id })).filter(([, count]) => count > 0);
      const ended = { created: kept.length, canceled: drafts - kept.length };
      assert.deepEqual(Object.fromEntries(counts), Object.fromEntries(Object.entries(ended).filter(([, n]) => n > 0)));
    }
  });
});

function nameOf(spot: Spot): string {
  return spot.replace(" ", "-");
}
