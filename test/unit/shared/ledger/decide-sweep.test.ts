import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  DRAFT_STATES,
  type DraftRecord,
  type DraftState,
  newDraftRecord,
  QUEUE_LOST_AFTER_MS,
} from "@draftmill/shared/contract/draft-record.ts";
import { decideComplete, decideConfirm } from "@draftmill/shared/ledger/decide.ts";
import {
  decideExpire,
  decideLooked,
  decidePostpone,
  decideRepublish,
  decideSuspect,
  decideSweep,
} from "@draftmill/shared/ledger/decide-sweep.ts";
import { dueAtMs } from "@draftmill/shared/ledger/due.ts";

const LEASE_MS = 180_000;
const NOW_MS = 10_000_000;
const now = { leaseMs: LEASE_MS, nowMs: NOW_MS };
const DRAFT = { draftId: "r-1", messageId: "m-1", threadId: "t-1" };
const PROBLEM = { code: "MESSAGE_LOST", detail: "d", retryable: true };

/** A record that is due now, written a lease ago. */
function due(state: DraftState, changes: Partial<DraftRecord> = {}): DraftRecord {
  const request = { id: "a", mailbox: "rep@corp.example", to: ["ada@example.com"], subject: "Hi", bodyHash: "h" };
  const record = newDraftRecord(request, NOW_MS - LEASE_MS);
  const claimedAtMs = state === "processing" ? NOW_MS - LEASE_MS : null;
  return { ...record, state, fence: 1, claimedAtMs, dueAtMs: NOW_MS, ...changes };
}

function written(decision: { kind: string; record?: DraftRecord }): DraftRecord {
  assert.equal(decision.kind, "write");
  assert.ok(decision.record);
  return decision.record;
}

const UNPUBLISHED = { note: "publish-unconfirmed", body: "{}" } as const;
const LOST = { updatedAtMs: NOW_MS - QUEUE_LOST_AFTER_MS };

describe("what the sweep does with a due record", () => {
  const cases: [string, DraftRecord, object][] = [
    ["not due yet", due("queued", { dueAtMs: NOW_MS + 1 }), { kind: "none" }],
    ["never due", due("created", { dueAtMs: null }), { kind: "none" }],
    ["claimed", due("processing", { claimedAtMs: NOW_MS - 1 }), { kind: "busy", retryAfterMs: LEASE_MS - 1 }],
    ["in the queue's hands", due("queued"), { kind: "wait" }],
    ["in the queue's hands, its body on record", due("queued", { body: "{}" }), { kind: "wait" }],
    ["perhaps never published", due("queued", UNPUBLISHED), { kind: "republish" }],
    ["tainted", due("processing", { tainted: true }), { kind: "adopt", otherwise: "wait" }],
    [
      "tainted, perhaps never published",
      due("queued", { tainted: true, ...UNPUBLISHED }),
      { kind: "adopt", otherwise: "republish" },
    ],
    ["lost by the queue", due("queued", LOST), { kind: "expire" }],
    ["lost by the queue, its body on record", due("queued", { ...LOST, body: "{}" }), { kind: "republish" }],
    ["lost by the queue, tainted", due("queued", { ...LOST, tainted: true }), { kind: "adopt", otherwise: "expire" }],
    ["created", due("created"), { kind: "extras" }],
    ["withdrawn", due("canceled"), { kind: "extras" }],
    ["failed", due("failed", { tainted: true }), { kind: "adopt", otherwise: "wait" }],
  ];
  for (const [what, record, expected] of cases) {
    test(what, () => assert.deepEqual(decideSweep(record, now), expected));
  }
});

describe("when the sweep looks again", () => {
  const at = (state: DraftState, changes: Partial<DraftRecord> = {}) => {
    const when = dueAtMs(due(state, changes), now);
    return when === null ? null : (when - NOW_MS) / LEASE_MS;
  };

  test("an open request that is clean: when no queue can hold it any more", () => {
    assert.equal(at("queued"), QUEUE_LOST_AFTER_MS / LEASE_MS);
  });

  test("a tainted one: after two leases, then ever later, at most after an hour", () => {
    const looks = [0, 1, 2, 3, 4, 20].map((n) => at("processing", { tainted: true, looks: n }));
    assert.deepEqual(looks, [2, 4, 8, 16, 20, 20]);
  });

  test("whatever the lease, in whole milliseconds", () => {
    const record = due("queued", UNPUBLISHED);
    assert.equal(dueAtMs(record, { leaseMs: 2_000, nowMs: NOW_MS }), NOW_MS + 667);
  });

  test("one that may never have been published: after a third of a lease, then ever later", () => {
    assert.deepEqual(
      [0, 1, 2].map((n) => at("queued", { ...UNPUBLISHED, looks: n })),
      [1 / 3, 2 / 3, 4 / 3],
    );
  });

  test("a draft that was made at the first attempt: never", () => {
    const claimed = due("processing", { tainted: true, taintedBefore: false });
    assert.equal(written(decideComplete(claimed, 1, DRAFT, now)).dueAtMs, null);
  });

  test("a draft that another attempt may have made too: after half a lease, after two more, after ten more, and never again", () => {
    const claimed = due("processing", { tainted: true, taintedBefore: true });
    const created = written(decideComplete(claimed, 1, DRAFT, now));
    assert.equal(created.dueAtMs, NOW_MS + LEASE_MS / 2);
    const once = written(decideLooked(created, now));
    assert.deepEqual([once.looks, once.dueAtMs], [1, NOW_MS + 2 * LEASE_MS]);
    const twice = written(decideLooked(once, now));
    assert.deepEqual([twice.looks, twice.dueAtMs], [2, NOW_MS + 10 * LEASE_MS]);
    assert.equal(written(decideLooked(twice, now)).dueAtMs, null);
  });

  for (const state of ["failed", "parked", "dead", "canceled"] as const) {
    test(`a ${state} request: three times if a draft may exist, otherwise never`, () => {
      assert.deepEqual(
        [0, 1, 2, 3].map((looks) => at(state, { tainted: true, looks })),
        [0.5, 2, 10, null],
      );
      assert.equal(at(state), null);
    });
  }
});

describe("a look", () => {
  test("lengthens nobody's life and renews no waiting", () => {
    const record = due("failed", { tainted: true });
    const looked = written(decideLooked(record, now));
    assert.deepEqual([looked.updatedAtMs, looked.expireAtMs], [record.updatedAtMs, record.expireAtMs]);
  });

  test("gives a claim whose lease is over back to the queue's care, and fences its owner off", () => {
    const looked = written(decideLooked(due("processing", { tainted: true }), now));
    assert.deepEqual([looked.state, looked.fence, looked.claimedAtMs, looked.tainted], ["queued", 2, null, true]);
    assert.equal(decideComplete(looked, 1, DRAFT, now).kind, "fenced-off");
  });

  test("that could not be had does not count", () => {
    const postponed = written(decidePostpone(due("created", { looks: 1 }), now));
    assert.deepEqual([postponed.looks, postponed.dueAtMs], [1, NOW_MS + LEASE_MS]);
  });

  test("leaves a live claim alone, as every step of the sweep does", () => {
    const claimed = due("processing", { claimedAtMs: NOW_MS, ...UNPUBLISHED });
    for (const decision of [decideLooked(claimed, now), decidePostpone(claimed, now), decideRepublish(claimed, now)]) {
      assert.equal(decision.kind, "busy");
    }
    assert.equal(decideExpire({ ...claimed, body: null }, PROBLEM, now).kind, "busy");
  });
});

describe("publishing once more", () => {
  test("raises the generation, and stays to be done until the queue confirms it", () => {
    const again = written(decideRepublish(due("processing", { ...UNPUBLISHED, generation: 3 }), now));
    assert.deepEqual([again.state, again.generation, again.note], ["queued", 4, "publish-unconfirmed"]);
    assert.equal(decideConfirm(again, 3, now).kind, "refused");
    const confirmed = written(decideConfirm(again, 4, now));
    assert.deepEqual([confirmed.note, confirmed.dueAtMs], [null, NOW_MS + QUEUE_LOST_AFTER_MS]);
  });

  for (const state of DRAFT_STATES) {
    const isOpen = state === "queued" || state === "processing";
    test(`of a ${state} request: ${isOpen ? "only with its body" : "never"}`, () => {
      assert.equal(decideRepublish(due(state, { body: "{}" }), now).kind, isOpen ? "write" : "refused");
      assert.equal(decideRepublish(due(state), now).kind, "refused");
      assert.equal(decideExpire(due(state), PROBLEM, now).kind, isOpen ? "write" : "refused");
      assert.equal(decideExpire(due(state, { body: "{}" }), PROBLEM, now).kind, "refused");
    });
  }
});

test("a suspicion makes any record due at once, and one that is done doubtful", () => {
  for (const state of DRAFT_STATES) {
    const suspected = written(decideSuspect(due(state, { dueAtMs: null, claimedAtMs: null, looks: 2 }), now));
    assert.deepEqual([suspected.state, suspected.dueAtMs, suspected.looks], [state, NOW_MS, 0]);
    assert.ok(state === "created" ? suspected.taintedBefore : suspected.tainted);
  }
});
