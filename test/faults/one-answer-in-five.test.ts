import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import type { Fault } from "@draftmill/local/google/faults.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { chanceOf } from "../support/chance.ts";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { type FaultStack, type FaultStackOptions, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests } from "./requests.ts";

const SEED = 20_261_126;
const REQUESTS = 200;
const MAILBOXES = 20;
const SHARE = 0.2;
const WITHIN_MS = 60_000;
/** Failures make the window small; what is tested is not how fast Pub/Sub becomes again. */
const WINDOW = { initial: 50, max: 50, min: 50 };

const found = await findFirestoreEmulator();
const skip = "missing" in found && found.missing;

async function open(t: TestContext, options: FaultStackOptions = {}) {
  const stack = await startFaultStack({ random: chanceOf(SEED), pubsub: { pushWindow: WINDOW }, ...options });
  t.after(() => stack.finish());
  return { stack, requests: createRequests(stack) };
}

async function openOnFirestore(t: TestContext) {
  assert.ok("script" in found);
  const emulator = await startFirestoreEmulator(found.script);
  t.after(() => emulator.stop());
  // An emulator that has just started is slow, and a claim that comes too late to be used is another case.
  const patience = { leaseMs: 6_000, pubsub: { pushWindow: { initial: 20, max: 20, min: 20 } } };
  return open(t, { ...patience, firestore: { hostPort: emulator.hostPort, project: "draftmill-answers" } });
}

/** Straight to the topic, for a few mailboxes: the worker makes the record, the api has no part in it. */
async function publishEach(requests: Requests): Promise<readonly string[]> {
  const mailboxes = Array.from({ length: MAILBOXES }, requests.newMailbox);
  const published = Array.from({ length: REQUESTS }, (_, n) => ({
    mailbox: mailboxes[n % MAILBOXES] ?? "",
    id: `five-${n}`,
  }));
  await requests.publishAll(published);
  return published.map(({ id }) => id);
}

/** Not by watching the records: hundreds of reads at once would be one more fault of the store. */
function delivered(stack: FaultStack): Promise<void> {
  return stack.pubsub().idle("draft-requests-push", AbortSignal.timeout(WITHIN_MS));
}

/** Every request has its draft, once; prints how it went for those that the fault held up. */
async function assertOneEach(
  t: TestContext,
  { stack, requests }: { readonly stack: FaultStack; readonly requests: Requests },
  fault: { readonly what: string; readonly count: number },
  ids: readonly string[],
): Promise<readonly DraftRecord[]> {
  const records = await requests.ended(ids, WITHIN_MS);
  const { created } = await requests.account(WITHIN_MS);
  assert.equal(created, REQUESTS);
  assert.ok(fault.count >= REQUESTS * SHARE * 0.6, `${fault.what}: only ${fault.count} times`);
  const times = createRecoveryTimes();
  const late = records.filter(({ claims }) => claims > 1);
  times.note(
    `${fault.what}, from accepted to draft`,
    late.map(({ createdAtMs, updatedAtMs }) => updatedAtMs - createdAtMs),
  );
  const creates = stack.google.calls.count("drafts.create");
  t.diagnostic(`seed ${SEED}; ${fault.what}: ${fault.count} times; ${created} drafts by ${creates} creates`);
  for (const row of times.table()) t.diagnostic(row);
  return records;
}

/** Scripts what becomes of each create that may come, by chance. Returns how often it was the fault. */
function scriptCreates(stack: FaultStack, faultAt: (n: number) => Fault): () => number {
  const chance = chanceOf(SEED);
  const isFault = Array.from({ length: 3 * REQUESTS }, () => chance() < SHARE);
  for (const [n, faulty] of isFault.entries()) {
    stack.google.faults.next("drafts.create", 1, faulty ? faultAt(n) : { kind: "stall", ms: 0 });
  }
  return () => isFault.slice(0, stack.google.calls.count("drafts.create")).filter(Boolean).length;
}

describe("one answer in five lost after the work was done", { timeout: 180_000 }, () => {
  it("Gmail's to a create, by a cut or by the deadline: one create and one draft each", async (t) => {
    const opened = await open(t);
    const { stack, requests } = opened;
    const lost: Fault = { kind: "drop", after: true };
    // The worker waits half a second.
    const late: Fault = { kind: "stall", ms: 700, after: true };
    const faults = scriptCreates(stack, (n) => (n % 2 === 0 ? lost : late));
    const ids = await publishEach(requests);
    await delivered(stack);
    await assertOneEach(t, opened, { what: "the answer to the create lost", count: faults() }, ids);
    assert.equal(stack.google.calls.count("drafts.create"), REQUESTS, "what was made is found, not made again");
  });

  it("SQLite's to every write of the worker, claims and completions: one draft each", async (t) => {
    const lossy = { LOST_ANSWERS: String(SHARE), LOST_ANSWERS_SEED: String(SEED) };
    const opened = await open(t, { environment: lossy });
    const ids = await publishEach(opened.requests);
    await delivered(opened.stack);
    const lost = (state: string): number =>
      opened.stack.events.filter((event) => event.message === "answer.lost" && event.state === state).length;
    const what = `SQLite's answer lost to ${lost("processing")} claims and ${lost("created")} completions`;
    await assertOneEach(t, opened, { what, count: Math.min(lost("processing"), lost("created")) }, ids);
    assert.equal(opened.stack.google.calls.count("drafts.create"), REQUESTS);
  });

  for (const [what, upon] of [
    ["claim", '"stringValue":"processing"'],
    ["completion", '"stringValue":"created"'],
  ] as const) {
    it(`Firestore's to a ${what}: one create and one draft each`, { skip }, async (t) => {
      const opened = await openOnFirestore(t);
      const { stack, requests } = opened;
      const plan = { side: "answer", upon, share: SHARE, eachTime: true, fault: { kind: "cut" } } as const;
      const cut = stack.lines.ledger.fault(plan);
      const ids = await publishEach(requests);
      await delivered(stack);
      cut.end();
      await assertOneEach(t, opened, { what: `Firestore's answer to a ${what} lost`, count: cut.metBy }, ids);
      assert.equal(stack.google.calls.count("drafts.create"), REQUESTS);
    });
  }
});

describe("one create in five refused with 503 before anything was done", { timeout: 60_000 }, () => {
  it("looked for, then made: one draft each", async (t) => {
    const opened = await open(t);
    const { stack, requests } = opened;
    const faults = scriptCreates(stack, () => ({ kind: "answer", error: "unavailable" }));
    const ids = await publishEach(requests);
    await delivered(stack);
    await assertOneEach(t, opened, { what: "503 before the draft was made", count: faults() }, ids);
    assert.equal(stack.google.calls.count("drafts.create"), REQUESTS + faults());
  });
});
