import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { type Ledger, LedgerUnavailable, type UnavailableReason } from "@draftmill/shared/ledger/ledger.ts";
import { aFailure, aRecord } from "./a-record.ts";
import { type FirestoreLine, openFirestoreLine } from "./firestore-line.ts";
import { openFirestore, unusedProject } from "./firestore-store.ts";

/** Runs ahead or behind by as much as no machine of Google's does. */
function skewedClock(byMs: number): Clock {
  return { ...systemClock, nowMs: () => systemClock.nowMs() + byMs };
}

function unavailable(reason: UnavailableReason): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerUnavailable);
    assert.equal(error.reason, reason, error.message);
    assert.equal(error.cause, undefined, "the client library's error holds the record");
    assert.doesNotMatch(error.message, /Hello|corp\.example/);
    return true;
  };
}

/** What the conformance suite cannot see: lost answers, refusals, clocks that differ, records that do not fit. */
export function firestoreFaultSuite(emulator: string): void {
  /** A connection over a line that fails, and one beside it that does not. */
  const onALine = async (t: TestContext): Promise<{ line: FirestoreLine; ledger: Ledger; beside: Ledger }> => {
    const project = unusedProject();
    const line = await openFirestoreLine(t, emulator);
    const ledger = await openFirestore(t, line.hostPort, { project });
    return { line, ledger, beside: await openFirestore(t, emulator, { project }) };
  };

  describe("firestore: faults", () => {
    test("a create whose answer is lost is known as its own, and its revision is good", async (t) => {
      const { line, ledger } = await onALine(t);
      line.fail("lost-answer");
      const result = await ledger.create(aRecord());
      assert.ok(result.created);
      assert.ok((await ledger.cas("request-1", result.revision, aRecord({ subject: "two" }))).swapped);
    });

    test("a swap whose answer is lost is known as its own, and its revision is good", async (t) => {
      const { line, ledger } = await onALine(t);
      const created = await ledger.create(aRecord());
      assert.ok(created.created);
      line.fail("lost-answer");
      const result = await ledger.cas("request-1", created.revision, aRecord({ subject: "two" }));
      assert.ok(result.swapped);
      assert.equal((await ledger.get("request-1"))?.revision, result.revision);
      assert.ok((await ledger.cas("request-1", result.revision, aRecord({ subject: "three" }))).swapped);
    });

    test("a write that another overtakes between its two tries is told so", async (t) => {
      const { line, ledger, beside } = await onALine(t);
      line.fail("UNAVAILABLE", () => beside.create(aRecord({ subject: "first" })));
      const result = await ledger.create(aRecord({ subject: "second" }));
      assert.ok(!result.created);
      assert.equal(result.stored.record.subject, "first");
      const { revision } = result.stored;
      line.fail("UNAVAILABLE", () => beside.cas("request-1", revision, aRecord({ subject: "third" })));
      assert.equal((await ledger.cas("request-1", revision, aRecord({ subject: "fourth" }))).swapped, false);
      assert.equal((await beside.get("request-1"))?.record.subject, "third");
    });

    test("calls that Firestore refuses for the moment are tried again", async (t) => {
      const { line, ledger } = await onALine(t);
      for (const fault of ["ABORTED", "RESOURCE_EXHAUSTED", "UNAVAILABLE", "UNAUTHENTICATED"] as const) {
        const id = `request-${fault}`;
        line.fail(fault);
        line.fail(fault);
        assert.ok((await ledger.create(aRecord({ id }))).created);
        line.fail(fault);
        assert.ok(await ledger.get(id));
      }
      line.fail("UNAVAILABLE");
      assert.equal((await ledger.list({ limit: 10 })).items.length, 4);
      line.fail("UNAVAILABLE");
      assert.equal((await ledger.count({})).queued, 4);
    });

    test("one that goes on refusing is unavailable, for a reason that names no part of a record", async (t) => {
      const { line, ledger } = await onALine(t);
      for (const [fault, reason] of [
        ["ABORTED", "busy"],
        ["RESOURCE_EXHAUSTED", "busy"],
        ["UNAVAILABLE", "io"],
        ["lost-answer", "io"],
      ] as const) {
        line.forgetCounts();
        for (let i = 0; i < 3; i++) line.fail(fault);
        await assert.rejects(ledger.create(aRecord({ id: fault })), unavailable(reason));
        assert.equal(line.calls.get("commit"), 3);
      }
    });

    test("one that says nothing is unavailable within ten seconds", { timeout: 20_000 }, async (t) => {
      const { line, ledger } = await onALine(t);
      for (let i = 0; i < 3; i++) line.fail("silence");
      const startedMs = performance.now();
      await assert.rejects(ledger.get("request-1"), unavailable("io"));
      assert.ok(performance.now() - startedMs < 10_000);
    });

    test("a closed port is unavailable", async (t) => {
      const closed = createServer();
      await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
      const address = closed.address();
      await new Promise((resolve) => closed.close(resolve));
      assert.ok(address !== null && typeof address === "object");
      const ledger = await openFirestore(t, `127.0.0.1:${address.port}`, { project: unusedProject() });
      await assert.rejects(ledger.get("request-1"), /ECONNREFUSED/);
      await assert.rejects(ledger.create(aRecord()), unavailable("io"));
    });

    test("a watch goes on over calls that fail and are tried again", { timeout: 20_000 }, async (t) => {
      const { line, ledger, beside } = await onALine(t);
      await beside.create(aRecord());
      line.fail("lost-answer");
      const seen: string[] = [];
      for await (const { record, revision } of ledger.watch("request-1", AbortSignal.timeout(10_000))) {
        seen.push(record.state);
        if (seen.length === 2) break;
        line.fail("UNAVAILABLE");
        await beside.cas("request-1", revision, aRecord({ state: "created" }));
      }
      assert.deepEqual(seen, ["queued", "created"]);
    });
  });

  describe("firestore: what is its own", () => {
    test("a lease is as old as the server says, however wrong the clocks of those who ask", async (t) => {
      const project = unusedProject();
      const hourMs = 3_600_000;
      const at = async (byMs: number): Promise<DraftLedger> => {
        const clock = skewedClock(byMs);
        return new DraftLedger(await openFirestore(t, emulator, { project, clock }), { clock, leaseMs: 600_000 });
      };
      assert.equal((await (await at(-hourMs)).claim(aRecord())).kind, "claimed");
      for (const byMs of [-hourMs, 0, hourMs]) {
        const claim = await (await at(byMs)).claim(aRecord());
        assert.ok(claim.kind === "busy", `a clock ${byMs} ms off finds it ${claim.kind}`);
        assert.ok(claim.retryAfterMs > 540_000 && claim.retryAfterMs <= 600_000, String(claim.retryAfterMs));
      }
    });

    test("of two swaps that write the very same one succeeds: Firestore would not tell them apart", async (t) => {
      const ledger = await openFirestore(t, emulator, { project: unusedProject() });
      const record = aRecord();
      const created = await ledger.create(record);
      assert.ok(created.created);
      assert.ok((await ledger.cas("request-1", created.revision, record)).swapped);
      assert.equal((await ledger.cas("request-1", created.revision, record)).swapped, false);
    });

    test("a failure whose body does not fit into a document is recorded without it", async (t) => {
      const ledger = await openFirestore(t, emulator, { project: unusedProject() });
      const record = aRecord({ ...aFailure(), body: "x".repeat(2_000_000) });
      assert.ok((await ledger.create(record)).created);
      assert.deepEqual((await ledger.get("request-1"))?.record, { ...record, body: null });
    });

    test("expired records that are still there hide no other from a list", async (t) => {
      const ledger = await openFirestore(t, emulator, { project: unusedProject() });
      for (const id of ["live-1", "live-2", "live-3"]) await ledger.create(aRecord({ id }));
      for (let i = 0; i < 20; i++) await ledger.create(aRecord({ id: `old-${i}`, expireAtMs: Date.now() - 1 }));
      const ids: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await ledger.list(cursor === null ? { limit: 2 } : { limit: 2, cursor });
        ids.push(...page.items.map(({ id }) => id));
        assert.notEqual(page.nextCursor, cursor, "each page gets on");
        cursor = page.nextCursor;
      } while (cursor !== null);
      assert.deepEqual(ids, ["live-3", "live-2", "live-1"]);
    });

    test("more groups of failures than there is time for: those that were counted, and that there are more", async (t) => {
      const project = unusedProject();
      const beside = await openFirestore(t, emulator, { project });
      const mailboxes = Array.from({ length: 12 }, (_, n) => `m${n + 10}@corp.example`);
      for (const mailbox of mailboxes) await beside.create(aRecord({ ...aFailure(), id: mailbox, mailbox }));
      let nowMs = 0;
      const slow: Clock = {
        ...systemClock,
        monotonicMs() {
          nowMs += 1_000;
          return nowMs;
        },
      };
      const { groups, truncated } = await (await openFirestore(t, emulator, { project, clock: slow })).failureGroups(
        {},
        1_000,
      );
      assert.equal(truncated, true);
      assert.ok(groups.length >= 5 && groups.length < 12, `${groups.length} groups`);
      assert.deepEqual(
        groups.map(({ mailbox, count }) => [mailbox, count]),
        mailboxes.slice(0, groups.length).map((mailbox) => [mailbox, 1]),
      );
    });

    test("another database of the project is another ledger", async (t) => {
      const project = unusedProject();
      const usual = await openFirestore(t, emulator, { project });
      const other = await openFirestore(t, emulator, { project, url: "firestore:draftmill-state" });
      await other.create(aRecord());
      assert.equal(await usual.get("request-1"), null);
      assert.ok(await other.get("request-1"));
    });
  });
}
