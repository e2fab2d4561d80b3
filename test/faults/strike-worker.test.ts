import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Fault } from "@draftmill/local/google/faults.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";
import { orderStrike, type Strike } from "./strike.ts";

describe("kill -9 of the worker between two of its own steps", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack();
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const refused: Fault = { kind: "answer", error: "invalidHeader" };
  const throttled: Fault = { kind: "answer", error: "userRateLimitExceeded" };
  const STRIKES: readonly {
    readonly what: string;
    readonly when: Strike["when"];
    readonly into: Strike["into"];
    /** What Gmail's first answer is to be. */
    readonly fault?: Fault;
    readonly ends: "created" | "failed";
  }[] = [
    { what: "before the claim", when: "before", into: "processing", ends: "created" },
    { what: "after the claim", when: "after", into: "processing", ends: "created" },
    { what: "draft answered, before its record", when: "before", into: "created", ends: "created" },
    { what: "draft recorded, before the answer", when: "after", into: "created", ends: "created" },
    { what: "429, before the release", when: "before", into: "queued", fault: throttled, ends: "created" },
    { what: "429, after the release", when: "after", into: "queued", fault: throttled, ends: "created" },
    { what: "dead letter out, before its record", when: "before", into: "failed", fault: refused, ends: "failed" },
    { what: "failure recorded, before the answer", when: "after", into: "failed", fault: refused, ends: "failed" },
  ];

  for (const { what, when, into, fault, ends } of STRIKES) {
    it(`${what}: one outcome`, async () => {
      const mailbox = requests.newMailbox();
      // Once more for the attempt that comes after the kill.
      if (fault !== undefined) stack.google.faults.next("drafts.create", ends === "failed" ? 2 : 1, fault, mailbox);
      const pid = stack.worker.pid();
      orderStrike(stack.strikePath, { when, into, mailbox });
      const ids = await requests.submit(mailbox);
      await stack.worker.restarted(pid);
      const died = stack.events.findLast(({ message }) => message === "worker.died");
      const records = await requests.ended(ids);
      recovery.note(what, recoveredIn(records, died?.atMs ?? 0));
      stack.google.faults.clear();
      assert.deepEqual(
        records.map(({ state }) => state),
        [ends],
      );
      assert.equal(stack.google.drafts(mailbox).length, ends === "created" ? 1 : 0);
      await requests.account();
    });
  }

  it("while looking for the draft of an attempt before: looked for again, one draft", async () => {
    const mailbox = requests.newMailbox();
    stack.google.faults.next("drafts.create", 1, { kind: "drop", after: true }, mailbox);
    const held = stack.lines.google.fault({
      side: "answer",
      upon: "GET /gmail/v1/users/me/drafts",
      fault: { kind: "hold" },
    });
    const ids = await requests.submit(mailbox);
    await held.met();
    const killedMs = Date.now();
    process.kill(stack.worker.pid(), "SIGKILL");
    held.drop();
    recovery.note("while drafts.list answers", recoveredIn(await requests.ended(ids), killedMs));
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
    await requests.account();
  });

  it("while the topic takes the dead letter: recorded as failed, told at least once", async () => {
    const mailbox = requests.newMailbox();
    stack.google.faults.next("drafts.create", 2, refused, mailbox);
    const held = stack.lines.letters.fault({ side: "answer", upon: "draftmillCode", fault: { kind: "hold" } });
    const ids = await requests.submit(mailbox);
    await held.met();
    const killedMs = Date.now();
    process.kill(stack.worker.pid(), "SIGKILL");
    held.drop();
    const records = await requests.ended(ids);
    recovery.note("while the topic takes the dead letter", recoveredIn(records, killedMs));
    assert.equal(records[0]?.state, "failed");
    await requests.account();
  });

  it("tells how long recovery took", (t) => {
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
