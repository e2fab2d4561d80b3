import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Fault } from "@draftmill/local/google/faults.ts";
import type { GoogleErrorName } from "@draftmill/local/google/google-error.ts";
import type { Operation } from "@draftmill/local/google/operation.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { chanceOf } from "../support/chance.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const SEED = 20_261_123;

describe("a Google that fails", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack({
      random: chanceOf(SEED),
      pubsub: { pushWindow: { initial: 100, max: 1_000 } },
    });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const deliveriesOf = (ids: readonly string[]) =>
    stack.events.filter(
      ({ message, requestId }) =>
        message === "draft.settled" && typeof requestId === "string" && ids.includes(requestId),
    );
  /** When Google was last made to fail for the mailbox: its answers are on record with their times. */
  const noteRecovery = (what: string, operation: Operation, mailbox: string, records: readonly DraftRecord[]): void => {
    const calls = stack.google.calls.list().filter((call) => call.operation === operation && call.mailbox === mailbox);
    const last = calls.findLast(({ status }) => status !== 200);
    // An answer that came late is on record as the 200 that it was.
    if (last !== undefined) recovery.note(what, recoveredIn(records, last.timeMs));
  };

  // Before anything that makes a delivery fail: pushes that wait for Gmail's quota fill a window that failures have shrunk.
  describe("for speed", { concurrency: true }, () => {
    for (const error of ["userRateLimitExceeded", "quotaExceeded", "tooManyConcurrent", "resourceExhausted"] as const) {
      it(`a storm of ${error}: every draft, none of it a failed delivery`, async () => {
        const mailbox = requests.newMailbox();
        stack.google.faults.next("drafts.create", 3, { kind: "answer", error }, mailbox);
        const ids = await requests.submit(mailbox, 6);
        const records = await requests.ended(ids);
        noteRecovery(`storm: ${error}`, "drafts.create", mailbox, records);
        assert.equal((await requests.accountOf(mailbox)).created, 6);
        assert.ok(deliveriesOf(ids).every(({ outcome }) => outcome === "created"));
        // After a refusal that made no draft there is nothing to look for.
        assert.equal(stack.google.calls.count("drafts.list", mailbox), 0);
      });
    }
  });

  describe("for one mailbox while others go on", { concurrency: true }, () => {
    const lost: Fault = { kind: "drop", after: true };
    const savedThen503: Fault = { kind: "answer", error: "unavailable", after: true };
    const CASES: readonly [what: string, operation: Operation, times: number, fault: Fault, count?: number][] = [
      ["the answer to the create lost", "drafts.create", 1, lost],
      ["the answers to three creates lost", "drafts.create", 3, lost, 3],
      ["the answer to the create lost, then twice more to the look for it", "drafts.list", 2, lost],
      ["503 after the draft was saved", "drafts.create", 1, savedThen503],
      ["503 to three creates in a row", "drafts.create", 3, { kind: "answer", error: "unavailable" }],
      ["three creates cut before they arrive", "drafts.create", 3, { kind: "drop" }],
      ["token endpoint down: six calls cut", "token", 6, { kind: "drop" }],
      ["token endpoint down: six times 500", "token", 6, { kind: "answer", error: "internalFailure" }],
      ["signJwt down: six calls cut", "signJwt", 6, { kind: "drop" }],
      ["signJwt down: six times 503", "signJwt", 6, { kind: "answer", error: "iamUnavailable" }],
      ["signJwt answers late six times", "signJwt", 6, { kind: "stall", ms: 700 }],
    ];

    for (const [what, operation, times, fault, count = 1] of CASES) {
      it(`${what}: one draft each`, async () => {
        const mailbox = requests.newMailbox();
        if (operation === "drafts.list") stack.google.faults.next("drafts.create", 1, lost, mailbox);
        stack.google.faults.next(operation, times, fault, mailbox);
        const records = await requests.ended(await requests.submit(mailbox, count));
        noteRecovery(what, operation, mailbox, records);
        const account = await requests.accountOf(mailbox);
        assert.equal(account.created, count);
        assert.deepEqual(
          stack.google.faults.pending().filter((entry) => entry.mailbox === mailbox),
          [],
          "not all of it happened",
        );
      });
    }
  });

  const POISON: GoogleErrorName = "invalidHeader";

  it("one request in a hundred is poison: it fails with its reason, the others are drafts", async () => {
    const mailbox = requests.newMailbox();
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: POISON }, mailbox);
    const records = await requests.ended(await requests.submit(mailbox, 100));
    const failed = records.filter(({ state }) => state === "failed");
    assert.deepEqual(
      failed.map(({ problem }) => problem?.code),
      ["RECIPIENT_REJECTED"],
    );
    assert.equal((await requests.accountOf(mailbox)).created, 99);
  });

  it("all requests of one mailbox are poison: the other mailboxes do not feel it", async (t) => {
    const others = Array.from({ length: 4 }, requests.newMailbox);
    const submitToAll = async (): Promise<number> => {
      const startedMs = Date.now();
      const ids = await Promise.all(others.map((mailbox) => requests.submit(mailbox, 10)));
      const records = await requests.ended(ids.flat());
      // No retry, no wait for another mailbox's: one claim for each.
      assert.ok(records.every(({ state, claims }) => state === "created" && claims === 1));
      return percentile95(records.map(({ updatedAtMs }) => updatedAtMs - startedMs));
    };
    const withoutMs = await submitToAll();
    const poisoned = requests.newMailbox();
    stack.google.faults.next("drafts.create", 40, { kind: "answer", error: POISON }, poisoned);
    const [withMs, failed] = await Promise.all([
      submitToAll(),
      requests.submit(poisoned, 40).then(async (ids) => {
        const acceptedMs = Date.now();
        const records = await requests.ended(ids);
        const answers = await Promise.all(ids.map((id) => viewOf(id)));
        assert.ok(answers.every(({ status, code }) => status === "failed" && code === "RECIPIENT_REJECTED"));
        return { records, visibleMs: Date.now() - acceptedMs };
      }),
    ]);
    t.diagnostic(
      `p95 of the other mailboxes: ${withoutMs} ms without, ${withMs} ms with 40 requests of poison beside them`,
    );
    assert.ok(failed.records.every(({ state }) => state === "failed"));
    t.diagnostic(`all failures were to be read ${failed.visibleMs} ms after the last request was accepted`);
  });

  it("one connection in five to Google is cut at its first answer: every draft once", async (t) => {
    t.diagnostic(`seed ${SEED}`);
    const cuts = stack.lines.google.fault({ side: "answer", share: 0.2, fault: { kind: "cut", afterBytes: 40 } });
    const ids = await requests.submitEach(40);
    await cuts.met(3);
    const endMs = Date.now();
    cuts.end();
    const records = await requests.ended(ids);
    recovery.note("one connection in five cut", recoveredIn(records, endMs));
    assert.ok(records.every(({ state }) => state === "created"));
  });

  it("everything is accounted for, and recovery took so long", async (t) => {
    const { accepted, created, explained } = await requests.account();
    t.diagnostic(`${accepted} accepted = ${created} drafts + ${explained} explained failures`);
    for (const row of recovery.table()) t.diagnostic(row);
  });

  async function viewOf(id: string): Promise<{ status: string; code: string | undefined }> {
    const answer = await fetch(`${stack.api.url}/v1/drafts/${id}`, { signal: AbortSignal.timeout(10_000) });
    const { status, problem } = (await answer.json()) as { status: string; problem: { code: string } | null };
    return { status, code: problem?.code };
  }
});

function percentile95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95) - 1] ?? 0;
}
