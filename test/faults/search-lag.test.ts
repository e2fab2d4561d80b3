import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRequests, type Requests } from "./requests.ts";

/** Short, so that the last look of the sweep, ten leases after the one before, is near. The real one is 180 s. */
const LEASE_MS = 1_800;
const REAL_LEASE_S = 180;
const INJECTED = 20;

const scaled = (seconds: number): number => (seconds / REAL_LEASE_S) * LEASE_MS;

describe("drafts.list lags behind when the answers to creates are lost", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  before(async () => {
    stack = await startFaultStack({ leaseMs: LEASE_MS, pubsub: { pushWindow: { initial: 50, max: 50, min: 50 } } });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const draftsIn = (mailboxes: readonly string[]): number[] =>
    mailboxes.map((mailbox) => stack.google.drafts(mailbox).length);
  const requestsWith = (message: string): ReadonlySet<unknown> =>
    new Set(stack.events.filter((event) => event.message === message).map(({ requestId }) => requestId));
  const laterBy = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  /** One request for each mailbox; its first create is carried out and not answered. Resolves once all are created. */
  const loseAnswers = async (lagMs: number): Promise<readonly string[]> => {
    const mailboxes = Array.from({ length: INJECTED }, requests.newMailbox);
    for (const mailbox of mailboxes) {
      stack.google.admin.setListLag(mailbox, lagMs);
      stack.google.faults.next("drafts.create", 1, { kind: "drop", after: true }, mailbox);
    }
    const ids = (await Promise.all(mailboxes.map((mailbox) => requests.submit(mailbox)))).flat();
    const records = await requests.ended(ids);
    assert.ok(records.every(({ state }) => state === "created"));
    return mailboxes;
  };

  /** Sweeps until one draft is left in each; asserts that both what is logged and what is reported is what was made. */
  const assertConverges = async (t: TestContext, mailboxes: readonly string[]): Promise<void> => {
    const injected = draftsIn(mailboxes).reduce((sum, drafts) => sum + drafts - 1, 0);
    assert.equal(injected, mailboxes.length, "as the list did not show the first, each has a second");
    const startedMs = Date.now();
    let reported = 0;
    while (draftsIn(mailboxes).some((drafts) => drafts > 1)) {
      reported += Number((await stack.sweep()).extrasDeleted);
      await laterBy(LEASE_MS / 10);
    }
    const leases = (Date.now() - startedMs) / LEASE_MS;
    const ids = await Promise.all(mailboxes.map(async (mailbox) => (await recordOf(mailbox)).id));
    // The answer to a deletion can be late, too: the sweep cannot claim it then, and says that it will look again.
    await stack.logged(() => {
      const [deleted, postponed] = [requestsWith("draft.extra-deleted"), requestsWith("sweep.postponed")];
      return ids.every((id) => deleted.has(id) || postponed.has(id));
    });
    const told = requestsWith("draft.extra-deleted");
    const unheard = ids.filter((id) => !told.has(id));
    assert.equal(reported, injected - unheard.length);
    t.diagnostic(
      `${injected} duplicates, ${reported} reported as removed, within ${leases.toFixed(1)} leases; ${unheard.length} answers late`,
    );
    await requests.account();
  };

  for (const lagS of [0, 30]) {
    it(`by ${lagS} s of a lease of 180: found, never two`, async () => {
      const mailboxes = await loseAnswers(scaled(lagS));
      assert.ok(draftsIn(mailboxes).every((drafts) => drafts === 1));
      assert.ok(mailboxes.every((mailbox) => stack.google.calls.count("drafts.create", mailbox) === 1));
      await requests.account();
    });
  }

  it("by ten minutes, or until they are shown: two for a while, then one; as many removed as were made", async (t) => {
    await assertConverges(t, await loseAnswers(scaled(600)));
    const hidden = await loseAnswers(Number.POSITIVE_INFINITY);
    // The first look of the sweep sees nothing; the second comes two leases later, the last after ten more.
    const looks = async (): Promise<number> =>
      Math.min(...(await Promise.all(hidden.map(async (mailbox) => (await recordOf(mailbox)).looks))));
    let removed = 0;
    while ((await looks()) < 1) removed += Number((await stack.sweep()).extrasDeleted);
    assert.equal(removed, 0);
    assert.ok(draftsIn(hidden).every((drafts) => drafts === 2));
    for (const mailbox of hidden) stack.google.admin.setListLag(mailbox, 0);
    await assertConverges(t, hidden);
  });

  async function recordOf(mailbox: string) {
    const [record] = (await stack.ledger.list({ mailbox, limit: 1 })).items;
    assert.ok(record);
    return record;
  }
});
