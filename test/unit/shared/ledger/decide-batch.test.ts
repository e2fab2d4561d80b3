import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DRAFT_STATES,
  type DraftRecord,
  type DraftState,
  newDraftRecord,
} from "@draftmill/shared/contract/draft-record.ts";
import { decideForget, decideWithdraw } from "@draftmill/shared/ledger/decide-batch.ts";

const LEASE_MS = 180_000;
const CLAIMED_AT_MS = 1_000_000;
const PROBLEM = { code: "BATCH_CANCELED", detail: "The batch was canceled.", retryable: false };
const DURING = { leaseMs: LEASE_MS, nowMs: CLAIMED_AT_MS + 1 };
const AFTER = { leaseMs: LEASE_MS, nowMs: CLAIMED_AT_MS + LEASE_MS };

const candidate = newDraftRecord(
  { id: "a", mailbox: "rep@corp.example", to: ["ada@example.com"], subject: "Hi", bodyHash: "h", batch: "b" },
  900_000,
);

function inState(state: DraftState, changes: Partial<DraftRecord> = {}): DraftRecord {
  const claimedAtMs = state === "processing" ? CLAIMED_AT_MS : null;
  return { ...candidate, state, fence: 1, claims: 1, tainted: true, claimedAtMs, body: "{}", ...changes };
}

describe("withdraw", () => {
  test("ends a request that nobody has met yet, with the reason", () => {
    const decision = decideWithdraw(null, candidate, PROBLEM, AFTER);
    assert.ok(decision.kind === "write");
    const { state, problem, fence, tainted, dueAtMs } = decision.record;
    assert.deepEqual(
      { state, problem, fence, tainted, dueAtMs },
      { state: "canceled", problem: PROBLEM, fence: 1, tainted: false, dueAtMs: null },
    );
  });

  const outcomes: Readonly<Record<DraftState, readonly [during: string, after: string]>> = {
    queued: ["write", "write"],
    processing: ["busy", "write"],
    created: ["duplicate", "duplicate"],
    failed: ["duplicate", "duplicate"],
    parked: ["duplicate", "duplicate"],
    dead: ["duplicate", "duplicate"],
    canceled: ["duplicate", "duplicate"],
  };
  for (const state of DRAFT_STATES) {
    test(`from ${state}: ${outcomes[state].join(" while a lease is live, then ")}`, () => {
      const kinds = [DURING, AFTER].map((time) => decideWithdraw(inState(state), candidate, PROBLEM, time).kind);
      assert.deepEqual(kinds, outcomes[state]);
    });
  }

  test("keeps the taint of an attempt before, so that the sweep looks for what it left, and not the body", () => {
    const decision = decideWithdraw(inState("processing"), candidate, PROBLEM, AFTER);
    assert.ok(decision.kind === "write");
    const { tainted, body, claimedAtMs, fence, dueAtMs } = decision.record;
    assert.deepEqual({ tainted, body, claimedAtMs, fence }, { tainted: true, body: null, claimedAtMs: null, fence: 2 });
    assert.ok(dueAtMs !== null);
  });

  test("is not for another request under the same id", () => {
    const other = { ...inState("queued"), bodyHash: "other" };
    assert.equal(decideWithdraw(other, candidate, PROBLEM, AFTER).kind, "conflict");
  });
});

describe("forget", () => {
  const created = inState("created", { draftId: "r-1", body: null, taintedBefore: true, dueAtMs: 5 });

  test("a record whose draft was taken back counts as absent at once, and nobody looks at it again", () => {
    const decision = decideForget(created, "r-1", AFTER);
    assert.ok(decision.kind === "write");
    const { state, fence, expireAtMs, dueAtMs } = decision.record;
    assert.deepEqual(
      { state, fence, expireAtMs, dueAtMs },
      { state: "canceled", fence: 2, expireAtMs: AFTER.nowMs, dueAtMs: null },
    );
  });

  test("not one that names another draft by now", () => {
    assert.deepEqual(decideForget(created, "r-2", AFTER), { kind: "refused", state: "created" });
  });

  for (const state of DRAFT_STATES.filter((one) => one !== "created")) {
    test(`not one that is ${state}`, () => {
      assert.deepEqual(decideForget(inState(state, { draftId: "r-1" }), "r-1", AFTER), { kind: "refused", state });
    });
  }
});
