import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRequests, type Requests } from "./requests.ts";

/** Short, so that the last look of the sweep, ten leases after the one before, is near. */
const LEASE_MS = 900;
const TIMEOUT_MS = LEASE_MS / 6;
/** What a second is to the lease of 180 s. */
const SECOND_MS = LEASE_MS / 180;

const CREATE = "POST /gmail/v1/users/me/drafts";

describe("a create that lands when nobody waits for it any more", { timeout: 60_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  before(async () => {
    stack = await startFaultStack({ leaseMs: LEASE_MS, workerClocksMs: [0, 0] });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const draftsOf = (mailbox: string): number => stack.google.drafts(mailbox).length;
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise((turn) => setTimeout(turn, 5));
  };
  /** Sweeps until one draft is left; resolves with how long the second one lay there. */
  const untilSwept = async (mailbox: string): Promise<number> => {
    const landedMs = Date.now();
    while (draftsOf(mailbox) > 1) await stack.sweep();
    return Date.now() - landedMs;
  };

  // The calls themselves do not shrink with the lease: a second before its end would be five milliseconds here, within
  // which claim, find and create come in any order. Hence 30 s before, and 126 s after.
  for (const [what, ms] of [
    ["a second after the deadline", TIMEOUT_MS + SECOND_MS],
    ["a moment after the deadline", TIMEOUT_MS + 10 * SECOND_MS],
    ["a moment before the lease ends", LEASE_MS - 30 * SECOND_MS],
  ] as const) {
    it(`${what}: found, never two`, async () => {
      const mailbox = requests.newMailbox();
      stack.google.faults.next("drafts.create", 1, { kind: "stall", ms }, mailbox);
      await requests.ended(await requests.submit(mailbox));
      assert.equal(draftsOf(mailbox), 1);
      assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
      await requests.account();
    });
  }

  for (const [what, ms] of [
    ["after the lease", LEASE_MS + 126 * SECOND_MS],
    ["after the second look of the sweep", LEASE_MS * 4.5],
  ] as const) {
    it(`${what}: two for a while, then one`, async (t) => {
      const mailbox = requests.newMailbox();
      stack.google.faults.next("drafts.create", 1, { kind: "stall", ms }, mailbox);
      const [id = ""] = await requests.submit(mailbox);
      await requests.ended([id]);
      while (draftsOf(mailbox) < 2) await stack.sweep();
      const looks = (await stack.ledger.get(id))?.looks;
      const tookMs = await untilSwept(mailbox);
      t.diagnostic(`landed after ${looks} looks, removed ${(tookMs / LEASE_MS).toFixed(1)} leases later`);
      await requests.account();
    });
  }

  it("a worker stopped between its guard and the landing, for longer than the lease: two for a while, then one", async () => {
    const mailbox = requests.newMailbox();
    const [stopped, other] = stack.workers;
    assert.ok(stopped && other);
    await stack.pushTo([stopped]);
    const held = stack.lines.google.fault({ side: "request", upon: CREATE, times: 1, fault: { kind: "hold" } });
    const submitted = requests.submit(mailbox);
    await held.met();
    process.kill(stopped.pid(), "SIGSTOP");
    try {
      await stack.pushTo([other]);
      await requests.ended(await submitted);
      assert.equal(draftsOf(mailbox), 1);
      held.end();
      await until(() => draftsOf(mailbox) === 2);
    } finally {
      process.kill(stopped.pid(), "SIGCONT");
    }
    await untilSwept(mailbox);
    await requests.account();
  });
});
