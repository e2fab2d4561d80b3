import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

/** What runProcess allows, within Cloud Run's ten seconds. */
const STOP_WITHIN_MS = 9_000;

describe("services that stop, by a kill or as they are told", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack();
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const killApi = (): number => {
    process.kill(stack.api.pid(), "SIGKILL");
    return Date.now();
  };

  it("the api killed between Pub/Sub's answer and its own: the client asks again, one draft", async () => {
    const mailbox = requests.newMailbox();
    const held = stack.lines.publish.fault({ side: "answer", upon: mailbox, fault: { kind: "hold" } });
    const pid = stack.api.pid();
    const first = requests.post(mailbox, "killed-before-answer");
    await held.met();
    const killedMs = killApi();
    held.drop();
    await assert.rejects(first);
    await stack.api.restarted(pid);
    const { status, id } = await requests.post(mailbox, "killed-before-answer");
    assert.ok(status === 201 || status === 202, `${status}`);
    recovery.note("api killed between publish and answer", recoveredIn(await requests.ended([id]), killedMs));
    await requests.account();
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
  });

  it("the api killed between its record and the publish: the client asks again, one draft", async () => {
    const mailbox = requests.newMailbox();
    const held = stack.lines.publish.fault({ side: "request", upon: mailbox, fault: { kind: "hold" } });
    const pid = stack.api.pid();
    const first = requests.post(mailbox, "killed-before-publish");
    await held.met();
    killApi();
    held.drop();
    await assert.rejects(first);
    await stack.api.restarted(pid);
    assert.equal((await stack.ledger.list({ mailbox, limit: 10 })).items[0]?.state, "queued");
    const { id } = await requests.post(mailbox, "killed-before-publish");
    const restartedMs = Date.now();
    recovery.note(
      "api killed before the publish, from the second POST",
      recoveredIn(await requests.ended([id]), restartedMs),
    );
    await requests.account();
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
  });

  it("the same, and the client never asks again: on record as queued, never a draft, never accepted", async () => {
    const mailbox = requests.newMailbox();
    const held = stack.lines.publish.fault({ side: "request", upon: mailbox, fault: { kind: "hold" } });
    const pid = stack.api.pid();
    const first = requests.post(mailbox, "never-again");
    await held.met();
    killApi();
    held.drop();
    await assert.rejects(first);
    await stack.api.restarted(pid);
    await requests.account();
    assert.equal((await stack.ledger.countByState({ mailbox })).queued, 1);
    assert.equal(stack.google.drafts(mailbox).length, 0);
  });

  it("fifty POSTs of one key at once: one id, one record, one draft, and another body is refused", async () => {
    const mailbox = requests.newMailbox();
    const answers = await Promise.all(Array.from({ length: 50 }, () => requests.post(mailbox, "fifty")));
    assert.equal(new Set(answers.map(({ id }) => id)).size, 1);
    assert.ok(answers.every(({ status }) => status === 201 || status === 202));
    const [{ id } = { id: "" }] = answers;
    await requests.ended([id]);
    assert.equal((await requests.post(mailbox, "fifty", "Another subject")).status, 422);
    assert.equal((await requests.accountOf(mailbox)).accepted, 1);
    await requests.account();
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
  });

  it("SIGTERM of the worker under load: gone in time, no call cut, every draft once", async (t) => {
    const ids = requests.submitEach(60);
    await stack.next(({ message, outcome }) => message === "draft.settled" && outcome === "created");
    const stoppingMs = Date.now();
    await stack.worker.stop();
    const tookMs = Date.now() - stoppingMs;
    assert.ok(tookMs < STOP_WITHIN_MS, `${tookMs} ms`);
    assert.ok(stack.events.some(({ message, atMs }) => message === "worker.stopped" && atMs >= stoppingMs));
    await stack.worker.start();
    const startedMs = Date.now();
    const records = await requests.ended(await ids);
    recovery.note("SIGTERM of the worker, from its next start", recoveredIn(records, startedMs));
    assert.ok(records.every(({ state }) => state === "created"));
    // Nothing was given up half-way, so nothing had to be looked for.
    assert.ok(records.every(({ claims }) => claims === 1));
    t.diagnostic(`stopped in ${tookMs} ms`);
    await requests.account();
  });

  it("SIGTERM of the api under load: whoever was answered has a draft, whoever was not asks again", async () => {
    const ids = requests.submitEach(60);
    await stack.next(({ message }) => message === "request.completed");
    const stoppingMs = Date.now();
    await stack.api.stop();
    assert.ok(Date.now() - stoppingMs < STOP_WITHIN_MS);
    await stack.api.start();
    const startedMs = Date.now();
    const records = await requests.ended(await ids);
    recovery.note("SIGTERM of the api, from its next start", recoveredIn(records, startedMs));
    assert.ok(records.every(({ state, claims }) => state === "created" && claims === 1));
    await requests.account();
  });

  it("tells how long recovery took", (t) => {
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
