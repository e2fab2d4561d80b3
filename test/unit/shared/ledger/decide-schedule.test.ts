import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DRAFT_STATES,
  type DraftRecord,
  type DraftState,
  newDraftRecord,
  RECORD_TTL_MS,
} from "@draftmill/shared/contract/draft-record.ts";
import { decideClaim, decideDoubt } from "@draftmill/shared/ledger/decide.ts";
import { decideSchedule } from "@draftmill/shared/ledger/decide-schedule.ts";
import { decideSweep } from "@draftmill/shared/ledger/decide-sweep.ts";

const LEASE_MS = 180_000;
const CLAIMED_AT_MS = 1_000_000;
const NOT_BEFORE_MS = 5_000_000;
const DURING = { leaseMs: LEASE_MS, nowMs: CLAIMED_AT_MS + 1 };
const AFTER = { leaseMs: LEASE_MS, nowMs: CLAIMED_AT_MS + LEASE_MS };
const KEPT = { body: '{"to":"ada@example.com"}' };

const candidate = newDraftRecord(
  {
    id: "a",
    mailbox: "rep@corp.example",
    to: ["ada@example.com"],
    subject: "Hi",
    bodyHash: "h",
    notBeforeMs: NOT_BEFORE_MS,
  },
  900_000,
);

function inState(state: DraftState, changes: Partial<DraftRecord> = {}): DraftRecord {
  const claimedAtMs = state === "processing" ? CLAIMED_AT_MS : null;
  return { ...candidate, state, fence: 1, claims: 1, tainted: true, claimedAtMs, ...changes };
}

function scheduled(stored: DraftRecord | null = null): DraftRecord {
  const decision = decideSchedule(stored, candidate, KEPT, AFTER);
  assert.ok(decision.kind === "write");
  return decision.record;
}

describe("schedule", () => {
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
      const kinds = [DURING, AFTER].map((time) => decideSchedule(inState(state), candidate, KEPT, time).kind);
      assert.deepEqual(kinds, outcomes[state]);
    });
  }

  test("keeps the body, is due a minute before, and outlives its time by as long as any record", () => {
    const { state, note, body, dueAtMs, expireAtMs, tainted } = scheduled();
    assert.deepEqual([state, note, body, tainted], ["queued", "scheduled", KEPT.body, false]);
    assert.equal(dueAtMs, NOT_BEFORE_MS - 60_000);
    assert.equal(expireAtMs, NOT_BEFORE_MS + RECORD_TTL_MS);
    assert.equal(scheduled(inState("processing")).tainted, true);
  });

  test("the sweep leaves it alone until then, and looks for a draft first where one may be", () => {
    const stepAt = (record: DraftRecord, nowMs: number) => decideSweep(record, { leaseMs: LEASE_MS, nowMs });
    assert.deepEqual(stepAt(scheduled(), NOT_BEFORE_MS - 60_001), { kind: "none" });
    assert.deepEqual(stepAt(scheduled(), NOT_BEFORE_MS - 60_000), { kind: "republish" });
    assert.deepEqual(stepAt(scheduled(inState("processing")), NOT_BEFORE_MS), {
      kind: "adopt",
      otherwise: "republish",
    });
  });

  test("other content under its id is a conflict, and a late delivery of it a duplicate", () => {
    assert.equal(decideClaim(scheduled(), { ...candidate, bodyHash: "x" }, AFTER).kind, "conflict");
    assert.equal(decideClaim(scheduled(), candidate, AFTER).kind, "duplicate");
  });

  test("a publish in doubt has it published again at once, and delivered it is set aside once more", () => {
    const doubted = decideDoubt(scheduled(), AFTER);
    assert.ok(doubted.kind === "write" && doubted.record.dueAtMs !== null);
    assert.ok(doubted.record.dueAtMs < NOT_BEFORE_MS);
    assert.equal(decideSchedule(doubted.record, candidate, KEPT, AFTER).kind, "write");
  });
});
