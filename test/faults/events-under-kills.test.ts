import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type CloudEvent, type EventReader, readEvents } from "../support/result-events.ts";
import { type CrashBench, watchEvents } from "./crash-bench.ts";
import { leave } from "./crash-seeds.ts";
import { ENDS, tell } from "./crash-stories.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRequests, mailboxOf, type Requests } from "./requests.ts";
import { orderStrike, STRIKE_MET, withdrawStrike } from "./strike.ts";

const TOPIC = "draft-events";
const LEASE_MS = 3_000;
const STORIES = ["plain", "refused", "undelegated", "given up"] as const;

describe("a worker that dies around its event tells it all the same", { timeout: 170_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  let reader: EventReader;
  before(async () => {
    stack = await startFaultStack({ leaseMs: LEASE_MS, environment: { EVENTS_TOPIC: TOPIC } });
    requests = createRequests(stack);
    reader = await readEvents({ pubsubUrl: stack.pubsub().url, project: stack.project }, TOPIC, "events");
  });
  after(() => stack.finish());

  const kill = async (): Promise<void> => {
    const pid = stack.worker.pid();
    process.kill(pid, "SIGKILL");
    await stack.worker.restarted(pid);
  };
  const idsIn = (events: readonly CloudEvent[]) => new Set(events.map(({ id }) => id));

  const holdAfter = (state: "created" | "failed" | "parked" | "dead", mailboxes: string): void =>
    orderStrike(stack.strikePath, {
      kind: "hold",
      hangMs: 0,
      at: [{ spot: `after ${state}`, mailboxes }],
      spared: [],
    });
  const struck = (id: string) =>
    stack.logged(({ message, mailbox }) => message === STRIKE_MET && mailbox === mailboxOf(id));

  for (const story of STORIES) {
    const end = ENDS[story];
    it(`kill -9 after ${end} is on record, before its event`, async () => {
      const id = `after-${end}-0`;
      holdAfter(end, mailboxOf(id));
      await tell(stack, requests, story, [id]);
      await struck(id);
      // Its dead letter may come to the same spot first, with nothing to write.
      const [record] = await requests.ended([id]);
      assert.equal(record?.state, end);
      assert.ok((await reader.now()).every(({ event }) => event.subject !== id));
      withdrawStrike(stack.strikePath);
      await kill();
      const told = await reader.about(id);
      assert.equal(told[0]?.data.status, end);
      assert.equal(stack.google.drafts(mailboxOf(id)).length, end === "created" ? 1 : 0);
    });
  }

  it("kill -9 while the topic's acknowledgement is on the wire: told twice, under one id", async () => {
    const id = "kept-0";
    const held = stack.lines.letters.fault({
      side: "answer",
      upon: "draftmill.draft.created",
      times: 1,
      fault: { kind: "hold" },
    });
    await tell(stack, requests, "plain", [id]);
    await held.met(1);
    await reader.about(id, 1);
    await kill();
    held.drop();
    const told = await reader.about(id, 2);
    assert.equal(idsIn(told).size, 1);
    assert.equal(stack.google.drafts(mailboxOf(id)).length, 1);
  });

  it("kill -9 after the sweep has adopted a draft, before its event: the next look tells it", async () => {
    const id = "swept-0";
    const counts = { runs: 1, sweepRuns: 1, rows: [], seen: watchEvents(stack) };
    const bench: CrashBench = { stack, requests, leaseMs: LEASE_MS, ...counts, over: AbortSignal.timeout(150_000) };
    await leave(bench, "failed, draft there", [id]);
    // By the delivery that made the draft, before it was left behind.
    const before = idsIn(await reader.about(id));
    holdAfter("created", mailboxOf(id));
    const sweeping = stack.sweep().catch(() => {});
    await struck(id);
    withdrawStrike(stack.strikePath);
    await kill();
    await sweeping;
    const adopted = await stack.ledger.get(id);
    assert.deepEqual([adopted?.state, adopted?.looks], ["created", 0]);
    await reader.now();
    assert.deepEqual(idsIn(await reader.about(id)), before);
    while ((await stack.ledger.get(id))?.looks === 0) await stack.sweep();
    const after = idsIn(await reader.about(id, before.size + 1));
    assert.equal(after.size, before.size + 1);
  });
});
