import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LogEvent } from "@draftmill/local/service-process.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { chanceOf } from "../support/chance.ts";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const SEED = 20_261_124;
const LEASE_MS = 3_000;
/** A create may leave in the first third of the lease. */
const SEND_WINDOW_MS = LEASE_MS / 3;
const LOOK_EVERY_MS = 50;
const CREATE = "POST /gmail/v1/users/me/drafts";

const found = await findFirestoreEmulator();
const skip = "missing" in found && found.missing;

describe("a Firestore that is slow, away or does not answer", { skip, timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  let stopEmulator: () => Promise<void>;
  const recovery = createRecoveryTimes();
  before(async () => {
    assert.ok("script" in found);
    const emulator = await startFirestoreEmulator(found.script);
    stopEmulator = emulator.stop;
    stack = await startFaultStack({
      leaseMs: LEASE_MS,
      random: chanceOf(SEED),
      firestore: { hostPort: emulator.hostPort, project: "draftmill-faults" },
    });
    requests = createRequests(stack);
  });
  after(async () => {
    await stack.finish();
    await stopEmulator();
  });

  const creates = (): number => stack.google.calls.count("drafts.create");

  it("slow, but within the send window: one create each", async () => {
    const slow = stack.lines.ledger.fault({ side: "answer", fault: { kind: "delay", ms: 100, jitterMs: 300 } });
    const before = creates();
    const records = await requests.ended(await requests.submitEach(10));
    slow.end();
    assert.ok(records.every(({ state }) => state === "created"));
    assert.equal(creates() - before, 10);
    await requests.account();
  });

  it("slower than the send window: no create leaves; every draft once it is well", async () => {
    const before = creates();
    const ids = await requests.submitEach(5);
    await requests.ended(ids);
    const slow = stack.lines.ledger.fault({
      side: "answer",
      fault: { kind: "delay", ms: SEND_WINDOW_MS + 200 },
    });
    const late = await Promise.all(
      Array.from({ length: 5 }, (_, index) => {
        const id = `slow-${index}`;
        return requests.publish(requests.newMailbox(), id).then(() => id);
      }),
    );
    await stack.next(({ message, outcome }) => message === "draft.settled" && outcome !== "created");
    assert.equal(creates() - before, 5, "of the five before");
    const endMs = Date.now();
    slow.end();
    const records = await requests.ended(late);
    recovery.note("answers after the send window", recoveredIn(records, endMs));
    assert.ok(records.every(({ state }) => state === "created"));
    await requests.account();
  });

  it("away when it is asked for the claim: nothing is acknowledged, no create leaves", async () => {
    const before = creates();
    await stack.lines.ledger.refuse();
    const ids = Array.from({ length: 5 }, (_, index) => `away-${index}`);
    await Promise.all(ids.map((id) => requests.publish(requests.newMailbox(), id)));
    const failed = await stack.next(({ message }) => message === "draft.settled");
    assert.equal(failed.code, "LEDGER_UNAVAILABLE");
    assert.equal(creates(), before);
    const backMs = Date.now();
    await stack.lines.ledger.accept();
    const records = await requests.ended(ids);
    recovery.note("away at the claim", recoveredIn(records, backMs));
    assert.ok(records.every(({ state }) => state === "created"));
    await requests.account();
  });

  it("away when the api notes the request: 503, and the client that asks again has one draft", async () => {
    const mailbox = requests.newMailbox();
    await stack.lines.ledger.refuse();
    const { status } = await requests.post(mailbox, "not-noted");
    await stack.lines.ledger.accept();
    assert.equal(status, 503);
    const { id } = await requests.post(mailbox, "not-noted");
    await requests.ended([id]);
    await requests.account();
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });

  it("away after the create: the draft is found, not made again", async () => {
    const mailbox = requests.newMailbox();
    const held = stack.lines.google.fault({ side: "answer", upon: CREATE, fault: { kind: "hold" } });
    const ids = await requests.submit(mailbox);
    await held.met();
    await stack.lines.ledger.refuse();
    held.end();
    await stack.next(({ message, requestId }) => message === "draft.settled" && requestId === ids[0]);
    const backMs = Date.now();
    await stack.lines.ledger.accept();
    const records = await requests.ended(ids);
    recovery.note("away after the create", recoveredIn(records, backMs));
    assert.equal(records[0]?.state, "created");
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
    await requests.account();
  });

  it("one answer to a write in five lost, when the write was carried out: every draft once", async (t) => {
    t.diagnostic(`seed ${SEED}`);
    const lost = stack.lines.ledger.fault({ side: "answer", upon: ":commit", share: 0.2, fault: { kind: "cut" } });
    const ids = await requests.submitEach(30);
    const records = await requests.ended(ids);
    await lost.met(3);
    lost.end();
    assert.ok(records.every(({ state }) => state === "created"));
    await requests.account();
  });

  it("everything is accounted for, and recovery took so long", async (t) => {
    const { accepted, created, explained } = await requests.account();
    t.diagnostic(`${accepted} accepted = ${created} drafts + ${explained} explained failures`);
    for (const row of recovery.table()) t.diagnostic(row);
  });
});

describe("a Firestore that is slower than the whole lease", { skip, timeout: 120_000 }, () => {
  /** Short, as the driver takes an answer for lost after four seconds. */
  const SHORT_LEASE_MS = 1_200;
  const SLOW_MS = SHORT_LEASE_MS + 300;
  let stack: FaultStack;
  let requests: Requests;
  let stopEmulator: () => Promise<void>;
  const recovery = createRecoveryTimes();
  before(async () => {
    assert.ok("script" in found);
    const emulator = await startFirestoreEmulator(found.script);
    stopEmulator = emulator.stop;
    stack = await startFaultStack({
      leaseMs: SHORT_LEASE_MS,
      firestore: { hostPort: emulator.hostPort, project: "draftmill-slow" },
    });
    requests = createRequests(stack);
  });
  after(async () => {
    await stack.finish();
    await stopEmulator();
  });

  const creates = (): number => stack.google.calls.count("drafts.create");

  it("at the claim: no create leaves; every draft once it is well", async () => {
    const before = creates();
    const slow = stack.lines.ledger.fault({ side: "answer", fault: { kind: "delay", ms: SLOW_MS } });
    const ids = Array.from({ length: 5 }, (_, index) => `beyond-${index}`);
    await Promise.all(ids.map((id) => requests.publish(requests.newMailbox(), id)));
    // A second claim: the first came to nothing, as its answer came too late for anything to leave.
    const claims = async (): Promise<number[]> =>
      (await Promise.all(ids.map((id) => stack.ledger.get(id)))).map((record) => record?.claims ?? 0);
    while ((await claims()).every((count) => count < 2)) await systemClock.sleep(LOOK_EVERY_MS);
    assert.equal(creates(), before);
    const endMs = Date.now();
    slow.end();
    const records = await requests.ended(ids);
    recovery.note("answers after the lease", recoveredIn(records, endMs));
    assert.ok(records.every(({ state }) => state === "created"));
    assert.equal(creates() - before, 5);
    await requests.account();
  });

  it("when the create is done: found by whoever claims next, not made again", async () => {
    const mailbox = requests.newMailbox();
    const held = stack.lines.google.fault({ side: "answer", upon: CREATE, fault: { kind: "hold" } });
    stack.pubsub().faults.duplicate(1, "at-once", "draft-requests-push");
    const id = "late-completion";
    await requests.publish(mailbox, id);
    await held.met();
    const slow = stack.lines.ledger.fault({ side: "request", fault: { kind: "delay", ms: SLOW_MS } });
    held.end();
    await stack.next(({ message, requestId }) => message === "draft.settled" && requestId === id);
    slow.end();
    const records = await requests.ended([id]);
    assert.equal(records[0]?.state, "created");
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
    await requests.account();
  });

  it("tells how long recovery took", (t) => {
    for (const row of recovery.table()) t.diagnostic(row);
  });
});

describe("workers whose clocks are ten minutes apart from the right time", { skip, timeout: 60_000 }, () => {
  const TEN_MINUTES_MS = 600_000;

  it("deliveries at once, to all of them, with answers lost: one draft each", async (t) => {
    assert.ok("script" in found);
    const emulator = await startFirestoreEmulator(found.script);
    t.after(() => emulator.stop());
    const stack = await startFaultStack({
      leaseMs: LEASE_MS,
      workerClocksMs: [0, TEN_MINUTES_MS, -TEN_MINUTES_MS],
      random: chanceOf(SEED),
      firestore: { hostPort: emulator.hostPort, project: "draftmill-clocks" },
    });
    t.after(() => stack.finish());
    const requests = createRequests(stack);
    stack.pubsub().faults.duplicate(60, "at-once", "draft-requests-push");
    stack.google.faults.next("drafts.create", 6, { kind: "drop", after: true });
    const records = await requests.ended(await requests.submitEach(30));
    assert.deepEqual(
      records.filter(({ state }) => state !== "created").map(({ problem }) => problem?.code),
      [],
    );
    const { created } = await requests.account();
    assert.equal(created, 30);
    const instancesThat = (fits: (event: LogEvent) => boolean): number[] =>
      [...new Set(stack.events.filter(fits).map(({ instance }) => instance))].toSorted();
    assert.deepEqual(
      instancesThat(({ outcome }) => outcome === "created"),
      [0, 1],
    );
    // To the slow one every push token is from the future, so that it takes none: Pub/Sub asks the others.
    assert.deepEqual(
      instancesThat(({ code }) => code === "PUSH_UNVERIFIED"),
      [2],
    );
    t.diagnostic(`${stack.google.calls.count("drafts.create")} creates for 30 requests, each delivered twice`);
  });
});
