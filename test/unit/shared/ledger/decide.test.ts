import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DRAFT_STATES,
  type DraftRecord,
  type DraftState,
  newDraftRecord,
  RECORD_TTL_MS,
} from "@draftmill/shared/contract/draft-record.ts";
import {
  decideAdopt,
  decideCancel,
  decideClaim,
  decideComplete,
  decideConfirm,
  decideDoubt,
  decideFail,
  decideRefuse,
  decideRelease,
  decideReplay,
  type Failure,
} from "@draftmill/shared/ledger/decide.ts";

const LEASE_MS = 180_000;
const CLAIMED_AT_MS = 1_000_000;
const DRAFT = { draftId: "r-1", messageId: "m-1", threadId: "t-1" };
const PROBLEM = { code: "RECIPIENT_INVALID", detail: "Gmail refused the To header.", retryable: false };
const FAILURE: Failure = { state: "failed", problem: PROBLEM, body: "{}" };

const candidate = newDraftRecord(
  { id: "a", mailbox: "rep@corp.example", to: ["ada@example.com"], subject: "Hi", bodyHash: "h" },
  900_000,
);

/** A record in `state` as it would be after one claim with fence 1. */
function inState(state: DraftState, changes: Partial<DraftRecord> = {}): DraftRecord {
  const claimedAtMs = state === "processing" ? CLAIMED_AT_MS : null;
  return { ...candidate, state, fence: 1, claims: 1, tainted: true, claimedAtMs, ...changes };
}

const at = (nowMs: number) => ({ leaseMs: LEASE_MS, nowMs });
const duringLease = at(CLAIMED_AT_MS + 1);
const afterLease = at(CLAIMED_AT_MS + LEASE_MS);

function recordOf(decision: { kind: string; record?: DraftRecord }): DraftRecord {
  assert.equal(decision.kind, "write");
  assert.ok(decision.record);
  return decision.record;
}

describe("claim", () => {
  const outcomes: Record<DraftState, [during: string, after: string]> = {
    queued: ["write", "write"],
    processing: ["busy", "write"],
    created: ["duplicate", "duplicate"],
    failed: ["duplicate", "duplicate"],
    parked: ["duplicate", "duplicate"],
    dead: ["duplicate", "duplicate"],
    canceled: ["duplicate", "duplicate"],
  };
  for (const state of DRAFT_STATES) {
    test(`of a ${state} record: ${outcomes[state].join(", after the lease ")}`, () => {
      assert.equal(decideClaim(inState(state), candidate, duringLease).kind, outcomes[state][0]);
      assert.equal(decideClaim(inState(state), candidate, afterLease).kind, outcomes[state][1]);
    });
    test(`of a ${state} record by another request: conflict`, () => {
      const other = { ...candidate, bodyHash: "other" };
      assert.equal(decideClaim(inState(state), other, duringLease).kind, "conflict");
      assert.equal(decideClaim(inState(state), other, afterLease).kind, "conflict");
    });
  }

  test("of an unknown request makes its record, tainted but clean before", () => {
    const record = recordOf(decideClaim(null, candidate, at(5_000)));
    assert.deepEqual(record, {
      ...candidate,
      state: "processing",
      fence: 1,
      claims: 1,
      tainted: true,
      taintedBefore: false,
      claimedAtMs: 5_000,
      dueAtMs: 5_000 + 2 * LEASE_MS,
      updatedAtMs: 5_000,
      expireAtMs: 5_000 + RECORD_TTL_MS,
    });
  });

  test("keeps what the ledger knows over what the message says", () => {
    const stored = inState("queued", { caller: "crm", createdAtMs: 1, metadata: { campaign: "q4" } });
    const record = recordOf(decideClaim(stored, candidate, afterLease));
    assert.equal(record.caller, "crm");
    assert.equal(record.createdAtMs, 1);
    assert.deepEqual(record.metadata, { campaign: "q4" });
  });

  test("after a lease that ended finds the taint of the claim before", () => {
    const record = recordOf(decideClaim(inState("processing", { taintedBefore: false }), candidate, afterLease));
    assert.equal(record.taintedBefore, true);
    assert.equal(record.fence, 2);
    assert.equal(record.claims, 2);
  });

  test("clears note and problem, and keeps the body of a replay that may not be published yet", () => {
    const stored = inState("queued", { note: "publish-unconfirmed", body: "{}", problem: PROBLEM });
    const { note, body, problem } = recordOf(decideClaim(stored, candidate, afterLease));
    assert.deepEqual({ note, body, problem }, { note: null, body: "{}", problem: null });
  });

  const leases: [nowMs: number, expected: number | "write"][] = [
    [CLAIMED_AT_MS, LEASE_MS],
    [CLAIMED_AT_MS + 1, LEASE_MS - 1],
    [CLAIMED_AT_MS + LEASE_MS - 1, 1],
    [CLAIMED_AT_MS + LEASE_MS, "write"],
    [CLAIMED_AT_MS + 10 * LEASE_MS, "write"],
    [CLAIMED_AT_MS - 3_600_000, LEASE_MS],
  ];
  for (const [nowMs, expected] of leases) {
    test(`${nowMs - CLAIMED_AT_MS} ms into a lease: ${expected === "write" ? "taken over" : `busy for ${expected} ms`}`, () => {
      const decision = decideClaim(inState("processing"), candidate, at(nowMs));
      if (expected === "write") assert.equal(decision.kind, "write");
      else assert.deepEqual(decision, { kind: "busy", retryAfterMs: expected });
    });
  }
});

describe("an owner's write", () => {
  const writes = {
    complete: (record: DraftRecord, fence: number) => decideComplete(record, fence, DRAFT, at(7)),
    release: (record: DraftRecord, fence: number) => decideRelease(record, fence, null, at(7)),
    fail: (record: DraftRecord, fence: number) => decideFail(record, fence, FAILURE, at(7)),
  };
  const done: Record<keyof typeof writes, DraftState> = { complete: "created", release: "queued", fail: "failed" };
  for (const name of ["complete", "release", "fail"] as const) {
    for (const state of DRAFT_STATES) {
      const expected = state === "processing" ? "write" : state === done[name] ? "done" : "fenced-off";
      test(`${name} on a ${state} record with its fence: ${expected}; with any other: fenced off`, () => {
        const record = inState(state, { draftId: state === "created" ? DRAFT.draftId : null });
        assert.equal(writes[name](record, 1).kind, expected);
        assert.equal(writes[name](record, 0).kind, "fenced-off");
        assert.equal(writes[name](record, 2).kind, "fenced-off");
      });
    }
  }

  test("complete records the draft and ends the lease", () => {
    const record = recordOf(decideComplete(inState("processing", { note: "throttled" }), 1, DRAFT, at(7)));
    assert.equal(record.state, "created");
    assert.deepEqual([record.draftId, record.messageId, record.threadId], ["r-1", "m-1", "t-1"]);
    assert.deepEqual([record.claimedAtMs, record.note, record.problem, record.body], [null, null, null, null]);
    assert.equal(record.fence, 1);
  });

  test("complete with another draft than the one recorded is fenced off", () => {
    assert.equal(decideComplete(inState("created", { draftId: "r-2" }), 1, DRAFT, at(7)).kind, "fenced-off");
  });

  for (const taintedBefore of [true, false]) {
    test(`release restores the taint as the claim found it: ${taintedBefore}`, () => {
      const record = recordOf(decideRelease(inState("processing", { taintedBefore }), 1, "throttled", at(7)));
      assert.deepEqual([record.state, record.tainted, record.note], ["queued", taintedBefore, "throttled"]);
      assert.equal(record.claimedAtMs, null);
    });
  }

  for (const state of ["failed", "parked", "dead"] as const) {
    test(`fail as ${state} keeps taint, problem and body`, () => {
      const record = recordOf(decideFail(inState("processing"), 1, { ...FAILURE, state }, at(7)));
      assert.deepEqual([record.state, record.tainted, record.body], [state, true, "{}"]);
      assert.deepEqual(record.problem, PROBLEM);
      assert.equal(record.claimedAtMs, null);
    });
  }

  test("every write keeps the record for another 30 days", () => {
    const record = recordOf(decideRelease(inState("processing"), 1, null, at(7)));
    assert.deepEqual([record.updatedAtMs, record.expireAtMs], [7, 7 + RECORD_TTL_MS]);
  });
});

describe("refuse", () => {
  test("of an unknown request leaves no taint", () => {
    const record = recordOf(decideRefuse(null, candidate, FAILURE, at(7)));
    assert.deepEqual([record.state, record.tainted, record.claims, record.fence], ["failed", false, 0, 1]);
  });

  const outcomes: Record<DraftState, [during: string, after: string]> = {
    queued: ["write", "write"],
    processing: ["busy", "write"],
    created: ["duplicate", "duplicate"],
    failed: ["duplicate", "duplicate"],
    parked: ["duplicate", "duplicate"],
    dead: ["duplicate", "duplicate"],
    canceled: ["duplicate", "duplicate"],
  };
  for (const state of DRAFT_STATES) {
    test(`of a ${state} record: ${outcomes[state].join(", after the lease ")}`, () => {
      assert.equal(decideRefuse(inState(state), candidate, FAILURE, duringLease).kind, outcomes[state][0]);
      assert.equal(decideRefuse(inState(state), candidate, FAILURE, afterLease).kind, outcomes[state][1]);
    });
  }

  test("after a lease keeps the taint and fences the lost owner off", () => {
    const record = recordOf(decideRefuse(inState("processing"), candidate, { ...FAILURE, state: "dead" }, afterLease));
    assert.deepEqual([record.state, record.tainted, record.claimedAtMs], ["dead", true, null]);
    assert.equal(decideComplete(record, 1, DRAFT, at(7)).kind, "fenced-off");
  });

  test("by a message from before a replay leaves what the replay has taken up", () => {
    const taken = recordOf(decideReplay(inState("parked"), at(7)));
    assert.deepEqual(decideRefuse(taken, candidate, FAILURE, afterLease), { kind: "duplicate", record: taken });
    const own = recordOf(decideRefuse(taken, { ...candidate, generation: 1 }, FAILURE, afterLease));
    assert.equal(own.state, "failed");
  });

  test("by another request is a conflict", () => {
    const other = { ...candidate, bodyHash: "other" };
    assert.equal(decideRefuse(inState("queued"), other, FAILURE, afterLease).kind, "conflict");
  });
});

describe("an operator's move", () => {
  const moves = { doubt: decideDoubt, replay: decideReplay, cancel: decideCancel };
  const allowed: Record<keyof typeof moves, readonly DraftState[]> = {
    doubt: ["queued"],
    replay: ["failed", "parked", "dead"],
    cancel: ["queued", "failed", "parked", "dead"],
  };
  for (const name of ["doubt", "replay", "cancel"] as const) {
    for (const state of DRAFT_STATES) {
      const legal = allowed[name].includes(state);
      test(`${name} of a ${state} record: ${legal ? "written" : "refused"}`, () => {
        const decision = moves[name](inState(state), at(7));
        if (legal) assert.equal(decision.kind, "write");
        else assert.deepEqual(decision, { kind: "refused", state });
      });
    }
  }

  test("replay keeps the taint, and the body past the next claim", () => {
    const record = recordOf(decideReplay(inState("dead", { body: "{}", problem: PROBLEM }), at(7)));
    assert.deepEqual([record.state, record.tainted, record.body, record.problem], ["queued", true, "{}", null]);
    assert.equal(record.note, "publish-unconfirmed");
    const claimed = recordOf(decideClaim(record, candidate, afterLease));
    assert.deepEqual([claimed.taintedBefore, claimed.body], [true, "{}"]);
  });

  test("a replay counts as published once the queue has confirmed it, or its own message is claimed; no older one", () => {
    const record = recordOf(decideReplay(inState("dead", { body: "{}" }), at(7)));
    assert.equal(record.generation, 1);
    assert.equal(recordOf(decideConfirm(record, 1, at(8))).note, null);
    assert.equal(decideConfirm(record, 0, at(8)).kind, "refused");
    const late = recordOf(decideClaim(record, candidate, afterLease));
    assert.equal(late.note, "publish-unconfirmed");
    assert.equal(recordOf(decideRelease(late, late.fence, "throttled", afterLease)).note, "publish-unconfirmed");
    assert.equal(recordOf(decideClaim(record, { ...candidate, generation: 1 }, afterLease)).note, null);
  });

  test("a failure that comes without a body leaves the one that is on record", () => {
    const record = inState("processing", { body: "{}" });
    assert.equal(recordOf(decideFail(record, 1, { ...FAILURE, body: null }, at(7))).body, "{}");
    assert.equal(recordOf(decideRefuse(record, candidate, { ...FAILURE, body: null }, afterLease)).body, "{}");
  });

  test("replay and cancel fence off whoever owned the record before", () => {
    for (const move of [decideReplay, decideCancel]) {
      const record = recordOf(move(inState("failed"), at(7)));
      assert.equal(decideRelease(record, 1, null, at(7)).kind, "fenced-off");
    }
  });

  test("cancel drops the body", () => {
    assert.equal(recordOf(decideCancel(inState("failed", { body: "{}" }), at(7))).body, null);
  });
});

describe("adopt", () => {
  for (const state of DRAFT_STATES) {
    const legal = !["created", "canceled"].includes(state);
    test(`of a tainted ${state} record after its lease: ${legal ? "written" : "refused"}`, () => {
      assert.equal(decideAdopt(inState(state), DRAFT, afterLease).kind, legal ? "write" : "refused");
    });
    test(`of an untainted ${state} record: refused`, () => {
      assert.equal(decideAdopt(inState(state, { tainted: false }), DRAFT, afterLease).kind, "refused");
    });
  }

  test("leaves a live lease alone", () => {
    const expected = { kind: "busy", retryAfterMs: LEASE_MS - 1 };
    assert.deepEqual(decideAdopt(inState("processing"), DRAFT, duringLease), expected);
  });

  test("fences the lost owner off", () => {
    const record = recordOf(decideAdopt(inState("processing"), DRAFT, afterLease));
    assert.deepEqual([record.state, record.draftId], ["created", "r-1"]);
    assert.equal(decideFail(record, 1, FAILURE, at(7)).kind, "fenced-off");
  });
});
