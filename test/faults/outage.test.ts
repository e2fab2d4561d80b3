import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const MAILBOXES = 10;
const REQUESTS = 100;
/** Of the hundred that a message has: with pauses from 10 s to 600 s an outage of four hours takes thirty. */
const FAILURES = 30;
const WITHIN_MS = 120_000;
const MUCH = 1_000_000;

describe("Google answers every create and every search with 503, for four hours of its retry policy", {
  timeout: 240_000,
}, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack({
      leaseMs: 1_800,
      // A thousandth of what is deployed, and the worker's own pauses a tenth: it is the deliveries that count.
      retry: { minimumBackoff: "0.01s", maximumBackoff: "0.6s" },
      environment: { PAUSE_SHARE: "0.1" },
      pubsub: { pushWindow: { initial: REQUESTS, max: REQUESTS, min: REQUESTS } },
    });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  it("thirty failed deliveries of each message: no dead letter; every draft once Google is well", async (t) => {
    const mailboxes = Array.from({ length: MAILBOXES }, requests.newMailbox);
    const published = Array.from({ length: REQUESTS }, (_, n) => ({
      mailbox: mailboxes[n % MAILBOXES] ?? "",
      id: `outage-${n}`,
    }));
    const ids = published.map(({ id }) => id);
    stack.google.faults.next("drafts.create", MUCH, { kind: "answer", error: "unavailable" });
    stack.google.faults.next("drafts.list", MUCH, { kind: "answer", error: "unavailable" });
    const startedMs = Date.now();
    await requests.publishAll(published);

    const failures = new Map(ids.map((id) => [id, 0]));
    let seen = 0;
    await stack.logged(() => {
      for (const { message, requestId, outcome } of stack.events.slice(seen)) {
        if (message !== "draft.settled") continue;
        assert.equal(outcome, "retry");
        const id = String(requestId);
        failures.set(id, (failures.get(id) ?? 0) + 1);
      }
      seen = stack.events.length;
      return [...failures.values()].every((count) => count >= FAILURES);
    });
    const most = Math.max(...failures.values());
    assert.ok(most < 100, `a message has failed ${most} times: it has no delivery left`);
    assert.equal(mailboxes.flatMap((mailbox) => stack.google.drafts(mailbox)).length, 0);
    await stack.pubsub().idle("draft-requests-dead-letter-pull", AbortSignal.timeout(1_000));
    assert.ok((await Promise.all(ids.map((id) => stack.ledger.get(id)))).every((record) => record?.problem === null));

    const endMs = Date.now();
    stack.google.faults.clear();
    const records = await requests.ended(ids, WITHIN_MS);
    recovery.note(`${FAILURES} to ${most} failed deliveries each`, recoveredIn(records, endMs));
    const { created } = await requests.account();
    assert.equal(created, REQUESTS);
    await stack.pubsub().idle("draft-requests-dead-letter-pull", AbortSignal.timeout(1_000));
    t.diagnostic(`${((endMs - startedMs) / 1_000).toFixed(1)} s of outage; the longest pause of Pub/Sub is 0.6 s`);
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
