import assert from "node:assert/strict";
import { test } from "node:test";
import {
  DRAFT_STATES,
  isLegalMove,
  MOVES,
  type MoveCause,
  type MoveOrigin,
  newDraftRecord,
  RECORD_TTL_MS,
} from "@draftmill/shared/contract/draft-record.ts";

const CAUSES: readonly MoveCause[] = [
  "accept",
  "doubt",
  "claim",
  "complete",
  "release",
  "fail",
  "refuse",
  "schedule",
  "replay",
  "republish",
  "look",
  "expire",
  "confirm",
  "cancel",
  "withdraw",
  "forget",
  "adopt",
];

/** The whole state machine a second time, by pair of states, so that neither can be changed by accident. */
const EXPECTED: Record<MoveOrigin, Partial<Record<string, readonly MoveCause[]>>> = {
  none: {
    queued: ["accept", "schedule"],
    processing: ["claim"],
    failed: ["refuse"],
    parked: ["refuse"],
    dead: ["refuse"],
    canceled: ["withdraw"],
  },
  queued: {
    queued: ["doubt", "schedule", "republish", "look", "confirm"],
    processing: ["claim"],
    created: ["adopt"],
    failed: ["refuse"],
    parked: ["refuse"],
    dead: ["refuse", "expire"],
    canceled: ["cancel", "withdraw"],
  },
  processing: {
    queued: ["release", "schedule", "republish", "look"],
    processing: ["claim"],
    created: ["complete", "adopt"],
    failed: ["fail", "refuse"],
    parked: ["fail", "refuse"],
    dead: ["fail", "refuse", "expire"],
    canceled: ["withdraw"],
  },
  failed: { queued: ["replay"], created: ["adopt"], canceled: ["cancel"] },
  parked: { queued: ["replay"], created: ["adopt"], canceled: ["cancel"] },
  dead: { queued: ["replay"], created: ["adopt"], canceled: ["cancel"] },
  created: { canceled: ["forget"] },
  canceled: {},
};

for (const from of ["none", ...DRAFT_STATES] as const) {
  for (const to of DRAFT_STATES) {
    const expected = EXPECTED[from][to] ?? [];
    test(`${from} to ${to}: ${expected.join(" or ") || "refused"}`, () => {
      assert.deepEqual(
        CAUSES.filter((cause) => isLegalMove(cause, from, to)),
        expected,
      );
    });
  }
}

test("every cause in the table is walked", () => {
  assert.deepEqual(Object.keys(MOVES).toSorted(), [...CAUSES].toSorted());
});

test("a new record is queued, unclaimed and untainted, and lives 30 days", () => {
  const request = { id: "a", mailbox: "rep@corp.example", to: ["ada@example.com"], subject: "Hi", bodyHash: "h" };
  const record = newDraftRecord(request, 1_000);
  assert.equal(record.state, "queued");
  assert.equal(record.fence, 0);
  assert.equal(record.tainted, false);
  assert.equal(record.claimedAtMs, null);
  assert.equal(record.expireAtMs, 1_000 + 30 * 86_400_000);
  assert.equal(RECORD_TTL_MS, 2_592_000_000);
});
