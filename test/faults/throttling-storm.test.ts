import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const REQUESTS = 300;
const WITHIN_MS = 120_000;
/** drafts.create: https://developers.google.com/workspace/gmail/api/reference/quota */
const UNITS = 10;
/** A minute of Gmail's, for the workers' limiter too, and of its ten minutes with a tenth of the quota five. */
const WINDOW_MS = 2_000;
const TIME_LAPSE = 60_000 / WINDOW_MS;
const CUT_MS = 10_000;
const DRAFTS_PER_S = 30;
const UNITS_PER_MINUTE = DRAFTS_PER_S * 60 * UNITS;
/** Not of the workers' faster clock, which the lease's first third is measured by. */
const LEASE_MS = 180_000;
/** Twenty by each worker in ten of its minutes, which all of this takes not quite. */
const HANDED_BACK_MAX = 2 * 2 * 20;

describe("Gmail's quota cut to a tenth in the midst of a batch for one mailbox", { timeout: 180_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack({
      workerClocksMs: [0, 0],
      leaseMs: LEASE_MS,
      environment: { TIME_LAPSE: String(TIME_LAPSE), GMAIL_UNITS_PER_MINUTE: String(UNITS_PER_MINUTE / TIME_LAPSE) },
      google: { unitsPerMinute: UNITS_PER_MINUTE, quotaWindowMs: WINDOW_MS },
    });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const made = (mailbox: string): number => stack.google.drafts(mailbox).length;

  it("no dead letter, no delivery given back, every draft once", async (t) => {
    const mailbox = requests.newMailbox();
    const startedMs = Date.now();
    // By the api, so that the messages have their ordering keys: as many deliveries at a time as a mailbox has.
    const submitted = requests.submit(mailbox, REQUESTS);
    while (made(mailbox) < REQUESTS / 3) await systemClock.sleep(20);
    stack.google.admin.setQuota(UNITS_PER_MINUTE / 10);
    const cutMs = Date.now();
    const madeBefore = made(mailbox);
    await systemClock.sleep(CUT_MS);
    assert.ok(made(mailbox) < REQUESTS, "the batch was over before the storm was");
    const madeMeanwhile = made(mailbox) - madeBefore;
    stack.google.admin.setQuota(UNITS_PER_MINUTE);
    const endMs = Date.now();

    const ids = await submitted;
    const records = await requests.ended(ids, WITHIN_MS);
    const { created } = await requests.account(WITHIN_MS);
    recovery.note("quota back", recoveredIn(records, endMs));
    assert.equal(created, REQUESTS);
    await stack.pubsub().idle("draft-requests-dead-letter-pull", AbortSignal.timeout(1_000));
    const deliveries = stack.events.filter(({ message }) => message === "draft.settled");
    assert.ok(deliveries.every(({ status }) => status === 204));
    const handedBack = deliveries.filter(({ outcome }) => outcome === "handed-back").length;
    assert.ok(handedBack <= HANDED_BACK_MAX, `${handedBack} messages published once more`);
    assert.equal(deliveries.filter(({ outcome }) => outcome === "created").length, REQUESTS);
    assert.equal(deliveries.length, REQUESTS + handedBack);
    const creates = stack.google.calls.list().filter(({ operation }) => operation === "drafts.create");
    const refused = creates.filter(({ status }) => status === 403).length;
    assert.ok(refused > 0, "nothing was refused for speed");
    assert.equal(creates.length - refused, REQUESTS);
    assert.ok(refused < REQUESTS / 3, `${refused} calls were refused for speed`);
    assert.equal(stack.google.calls.count("drafts.list"), 0, "what was refused for speed need not be looked for");

    const lastMs = Math.max(...records.map(({ updatedAtMs }) => updatedAtMs));
    const tookS = (lastMs - startedMs) / 1_000;
    // Full speed before and after, a tenth in between, and the window that was spent when the cut came.
    const optimumS = (cutMs - startedMs + CUT_MS) / 1_000 + (REQUESTS - madeBefore - madeAtMost()) / DRAFTS_PER_S;
    t.diagnostic(`${madeMeanwhile} of ${madeAtMost()} possible drafts in ${CUT_MS / 1_000} s of a tenth of the quota`);
    t.diagnostic(`drained in ${tookS.toFixed(1)} s, ${(tookS / optimumS).toFixed(2)} times the optimum`);
    t.diagnostic(`${refused} refusals, ${((100 * refused) / creates.length).toFixed(0)} % of the creates`);
    for (const row of recovery.table()) t.diagnostic(row);
  });
});

function madeAtMost(): number {
  return ((DRAFTS_PER_S / 10) * CUT_MS) / 1_000;
}
