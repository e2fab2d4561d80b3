import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Fault } from "@draftmill/local/google/faults.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const REFUSED: Fault = { kind: "answer", error: "invalidHeader" };

describe("a Pub/Sub that repeats, refuses and restarts", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack({ workerClocksMs: [0, 0] });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const deliveriesOf = (id: string): number =>
    stack.events.filter(({ message, requestId }) => message === "draft.settled" && requestId === id).length;

  it("every message delivered ten times, at once and by two workers: one create each", async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `storm-${index}`);
    const mailboxes = ids.map(() => requests.newMailbox());
    stack.pubsub().faults.duplicate(200, "at-once", "draft-requests-push");
    await Promise.all(
      ids.flatMap((id, index) => Array.from({ length: 5 }, () => requests.publish(mailboxes[index] ?? "", id))),
    );
    const records = await requests.ended(ids);
    await requests.account();
    stack.pubsub().faults.clear();
    assert.ok(records.every(({ state, claims }) => state === "created" && claims === 1));
    assert.ok(ids.every((id) => deliveriesOf(id) === 10));
    assert.ok(mailboxes.every((mailbox) => stack.google.calls.count("drafts.create", mailbox) === 1));
    assert.ok(mailboxes.every((mailbox) => stack.google.calls.count("drafts.list", mailbox) === 0));
  });

  it("half of the answers to Pub/Sub lost: one create each", async () => {
    stack.pubsub().faults.dropAnswers(20, "draft-requests-push");
    const ids = await requests.submitEach(40);
    const records = await requests.ended(ids);
    await requests.account();
    assert.ok(records.every(({ state }) => state === "created"));
    assert.ok(records.every(({ mailbox }) => stack.google.calls.count("drafts.create", mailbox) === 1));
  });

  it("pushes cut half-way, to and fro: every draft once", async () => {
    const cuts = [
      stack.lines.push.fault({ side: "request", times: 4, fault: { kind: "cut", afterBytes: 200 } }),
      stack.lines.push.fault({ side: "answer", times: 8, fault: { kind: "cut", afterBytes: 10 } }),
    ];
    const ids = await requests.submitEach(30);
    await Promise.all(cuts.map((cut) => cut.met(4)));
    for (const cut of cuts) cut.end();
    const endMs = Date.now();
    const records = await requests.ended(ids);
    recovery.note("pushes cut half-way", recoveredIn(records, endMs));
    await requests.account();
    assert.ok(records.every(({ state }) => state === "created"));
  });

  it("the dead-letter topic away: nothing is acknowledged, nothing recorded; told and recorded when it is back", async () => {
    const mailbox = requests.newMailbox();
    stack.google.faults.next("drafts.create", 100, REFUSED, mailbox);
    await stack.lines.letters.refuse();
    const ids = await requests.submit(mailbox, 3);
    await stack.logged(
      ({ message, code, requestId }) =>
        message === "draft.settled" && code === "PUBLISH_UNCONFIRMED" && requestId === ids[0],
    );
    assert.ok((await stack.ledger.list({ mailbox, limit: 10 })).items.every(({ problem }) => problem === null));
    const backMs = Date.now();
    await stack.lines.letters.accept();
    const records = await requests.ended(ids);
    recovery.note("dead-letter topic away", recoveredIn(records, backMs));
    await requests.account();
    stack.google.faults.clear();
    assert.ok(records.every(({ state }) => state === "failed"));
  });

  it("restarted under load: whoever was answered has a draft, whoever was not asks again", async () => {
    const ids = requests.submitEach(80);
    await stack.next(({ message }) => message === "draft.settled");
    const start = await stack.stopPubsub();
    await start();
    const backMs = Date.now();
    const records = await requests.ended(await ids);
    recovery.note("Pub/Sub restarted", recoveredIn(records, backMs));
    await requests.account();
    assert.ok(records.every(({ state }) => state === "created"));
  });

  it("away for two seconds while the api is asked: 503 or a draft, never both lost and accepted", async () => {
    const start = await stack.stopPubsub();
    const ids = requests.submitEach(20);
    await stack.lines.publish.fault({ side: "request", fault: { kind: "delay", ms: 0 } }).met();
    await start();
    const backMs = Date.now();
    const records = await requests.ended(await ids);
    recovery.note("Pub/Sub away", recoveredIn(records, backMs));
    await requests.account();
    assert.ok(records.every(({ state }) => state === "created"));
  });

  it("tells how long recovery took", (t) => {
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
