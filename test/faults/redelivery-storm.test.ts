import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Published, type Requests } from "./requests.ts";

const REQUESTS = 1_000;
const WITHIN_MS = 120_000;
const SUBSCRIPTION = "draft-requests-push";

describe("a thousand messages that come again and again, to two workers", { timeout: 240_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    // A lease that ends for want of processor time would be another case. Times twenty: what two processes on two cores
    // can have open at once.
    const pushWindow = { initial: 25, max: 25 };
    stack = await startFaultStack({ leaseMs: 30_000, workerClocksMs: [0, 0], pubsub: { pushWindow } });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const aThousand = (name: string): readonly Published[] =>
    Array.from({ length: REQUESTS }, (_, n) => ({ mailbox: requests.newMailbox(), id: `${name}-${n}` }));
  const idsOf = (published: readonly Published[]): readonly string[] => published.map(({ id }) => id);
  const deliveriesTo = (ids: ReadonlySet<unknown>): readonly { requestId?: unknown; instance: number }[] =>
    stack.events.filter(({ message, requestId }) => message === "draft.settled" && ids.has(requestId));
  const gmailCalls = (): { creates: number; searches: number } => ({
    creates: stack.google.calls.count("drafts.create"),
    searches: stack.google.calls.count("drafts.list") + stack.google.calls.count("drafts.get"),
  });

  it("each delivered twenty times at once: a thousand creates, no other call to Gmail", async (t) => {
    const published = aThousand("storm");
    stack.pubsub().faults.multiply(REQUESTS, 20, SUBSCRIPTION);
    const startedMs = Date.now();
    await requests.publishAll(published);
    const records = await requests.ended(idsOf(published), WITHIN_MS);
    await requests.account(WITHIN_MS);
    t.diagnostic(`20,000 deliveries of 1,000 messages in ${((Date.now() - startedMs) / 1_000).toFixed(1)} s`);

    const deliveries = deliveriesTo(new Set(idsOf(published)));
    const perMessage = Map.groupBy(deliveries, ({ requestId }) => requestId);
    assert.equal(perMessage.size, REQUESTS);
    assert.ok([...perMessage.values()].every(({ length }) => length === 20));
    for (const worker of [0, 1]) assert.ok(deliveries.some(({ instance }) => instance === worker));
    assert.ok(records.every(({ state, claims }) => state === "created" && claims === 1));
    assert.deepEqual(gmailCalls(), { creates: REQUESTS, searches: 0 });
  });

  it("one answer in ten lost, one push in ten sent twice: a thousand creates, no other call to Gmail", async (t) => {
    const before = gmailCalls();
    const published = aThousand("lossy");
    // In ten parts, so that what goes wrong is spread over them.
    for (let part = 0; part < 10; part++) {
      stack.pubsub().faults.dropAnswers(10, SUBSCRIPTION);
      stack.pubsub().faults.duplicate(10, "at-once", SUBSCRIPTION);
      await requests.publishAll(published.slice(part * 100, (part + 1) * 100));
      await stack.pubsub().idle(SUBSCRIPTION, AbortSignal.timeout(WITHIN_MS));
    }
    const records = await requests.ended(idsOf(published), WITHIN_MS);
    const tookMs = records.map(({ createdAtMs, updatedAtMs }) => updatedAtMs - createdAtMs);
    recovery.note("answers lost, pushes doubled: from record to draft", tookMs);
    await requests.account();
    const deliveries = deliveriesTo(new Set(idsOf(published)));
    // A lost answer brings the message once more; a push that is doubled and lost counts for both.
    assert.ok(deliveries.length >= 1_200, `${deliveries.length} deliveries`);
    assert.ok(records.every(({ state, claims }) => state === "created" && claims === 1));
    const { creates, searches } = gmailCalls();
    assert.deepEqual([creates - before.creates, searches], [REQUESTS, 0]);
    t.diagnostic(`100 answers lost and 100 pushes doubled: ${deliveries.length} deliveries of 1,000 messages`);
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
