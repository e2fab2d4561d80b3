import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { aDraft, aFailure, aRecord } from "./a-record.ts";
import { documentSuite } from "./document-suite.ts";
import { largeBodySuite } from "./large-body-suite.ts";
import { listSuite } from "./list-suite.ts";
import { type MakeStore, openOne, openTwo, pick } from "./make-store.ts";
import { protocolSuite } from "./protocol-suite.ts";
import { recentSuite } from "./recent-suite.ts";
import { scheduleSuite } from "./schedule-suite.ts";
import { sweepSuite } from "./sweep-suite.ts";
import { watchSuite } from "./watch-suite.ts";

/** All that a driver must pass: what `ledger.ts` promises, and the protocol of `DraftLedger` on top of it. */
export function ledgerSuite(driver: string, makeStore: MakeStore): void {
  recordSuite(driver, makeStore);
  listSuite(driver, makeStore);
  watchSuite(driver, makeStore);
  protocolSuite(driver, makeStore);
  sweepSuite(driver, makeStore);
  scheduleSuite(driver, makeStore);
  recentSuite(driver, makeStore);
  documentSuite(driver, makeStore);
  largeBodySuite(driver, makeStore);
}

function recordSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: create, get, cas`, () => {
    test("gives back a record with every field as it was written", async (t) => {
      const ledger = await openOne(makeStore, t);
      const record = aRecord({
        ...aFailure({ problem: { ...aFailure().problem, errors: [{ pointer: "/to/0", code: "X", detail: "y" }] } }),
        ...aDraft,
        ...{ fence: 3, tainted: true, taintedBefore: true, claims: 3, note: "throttled" },
        ...{ caller: "crm", batch: "b-1", dedupeKey: "k", metadata: { campaign: "q4" } },
      });
      await ledger.create(record);
      assert.deepEqual((await ledger.get(record.id))?.record, record);
    });

    test("keeps text of every script, and text that means something to a database", async (t) => {
      const ledger = await openOne(makeStore, t);
      const subject =
        "Ünïcödé 你好 שלום 👩‍👩‍👧 e\u0301 \u2028 ' \" \\ ; DROP TABLE draft; -- %_ {{projectId}} \u0000 end";
      const record = aRecord({ subject, mailbox: "o'neil@corp.example", metadata: { "clé/…": "\t\n" } });
      await ledger.create(record);
      assert.deepEqual((await ledger.get(record.id))?.record, record);
      const page = await ledger.list({ mailbox: "o'neil@corp.example", limit: 10 });
      assert.deepEqual(page.items, [record]);
    });

    test("keeps a body of 300 kB", async (t) => {
      const ledger = await openOne(makeStore, t);
      const record = aRecord({ state: "failed", body: "é".repeat(150_000) });
      await ledger.create(record);
      assert.equal((await ledger.get(record.id))?.record.body, record.body);
    });

    test("knows nothing of an id that was never written", async (t) => {
      const ledger = await openOne(makeStore, t);
      assert.equal(await ledger.get("request-1"), null);
    });

    test("answers a second create with what is there and changes nothing", async (t) => {
      const ledger = await openOne(makeStore, t);
      const first = aRecord({ subject: "first" });
      const result = await ledger.create(first);
      assert.ok(result.created);
      const second = await ledger.create(aRecord({ subject: "second" }));
      assert.ok(!second.created);
      assert.deepEqual(second.stored.record, first);
      assert.equal(second.stored.revision, result.revision);
      assert.deepEqual((await ledger.get(first.id))?.record, first);
    });

    test("lets one of 64 creates of one id succeed, over two connections", async (t) => {
      const ledgers = await openTwo(makeStore, t);
      const racers = Array.from({ length: 64 }, (_, i) => aRecord({ subject: `racer ${i}` }));
      const results = await Promise.all(racers.map((record, i) => pick(ledgers, i).create(record)));
      const winners = racers.filter((_, i) => results[i]?.created);
      assert.equal(winners.length, 1);
      for (const result of results) if (!result.created) assert.deepEqual(result.stored.record, winners[0]);
    });

    test("swaps on the revision that create gave, and that get gives", async (t) => {
      const ledger = await openOne(makeStore, t);
      const created = await ledger.create(aRecord());
      assert.ok(created.created);
      assert.ok((await ledger.cas("request-1", created.revision, aRecord({ subject: "two" }))).swapped);
      const stored = await ledger.get("request-1");
      assert.equal(stored?.record.subject, "two");
      const result = await ledger.cas("request-1", stored?.revision ?? "", aRecord({ subject: "three" }));
      assert.ok(result.swapped);
      assert.equal((await ledger.get("request-1"))?.revision, result.revision);
    });

    test("does not swap on a revision that has passed", async (t) => {
      const ledger = await openOne(makeStore, t);
      const created = await ledger.create(aRecord());
      assert.ok(created.created);
      await ledger.cas("request-1", created.revision, aRecord({ subject: "two" }));
      const late = await ledger.cas("request-1", created.revision, aRecord({ subject: "late" }));
      assert.equal(late.swapped, false);
      assert.equal((await ledger.get("request-1"))?.record.subject, "two");
    });

    test("does not swap, nor fail, on a revision that never was", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord());
      for (const revision of [
        "",
        "x",
        "1",
        "-1.-1",
        "9".repeat(40),
        "1.1.1.1",
        "2026-11-22T00:00:00.000001Z",
        "null",
      ]) {
        const result = await ledger.cas("request-1", revision, aRecord({ subject: revision }));
        assert.equal(result.swapped, false, revision);
      }
      assert.equal((await ledger.get("request-1"))?.record.subject, "Hello");
    });

    test("does not bring a record into being by cas", async (t) => {
      const ledger = await openOne(makeStore, t);
      const created = await ledger.create(aRecord());
      assert.ok(created.created);
      assert.equal((await ledger.cas("request-2", created.revision, aRecord({ id: "request-2" }))).swapped, false);
      assert.equal(await ledger.get("request-2"), null);
    });

    test("lets one of 64 swaps of one revision succeed, over two connections", async (t) => {
      const ledgers = await openTwo(makeStore, t);
      const created = await ledgers[0].create(aRecord());
      assert.ok(created.created);
      const racers = Array.from({ length: 64 }, (_, i) => aRecord({ subject: `racer ${i}` }));
      const results = await Promise.all(
        racers.map((record, i) => pick(ledgers, i).cas(record.id, created.revision, record)),
      );
      const winners = racers.filter((_, i) => results[i]?.swapped);
      assert.equal(winners.length, 1);
      assert.deepEqual((await ledgers[1].get("request-1"))?.record, winners[0]);
    });

    test("never gives one revision to two writes", async (t) => {
      const ledger = await openOne(makeStore, t);
      const revisions: string[] = [];
      const created = await ledger.create(aRecord());
      assert.ok(created.created);
      revisions.push(created.revision);
      for (let i = 0; i < 5; i++) {
        const expireAtMs = i === 4 ? Date.now() - 1 : aRecord().expireAtMs;
        const result = await ledger.cas("request-1", revisions.at(-1) ?? "", aRecord({ expireAtMs }));
        assert.ok(result.swapped);
        revisions.push(result.revision);
      }
      const again = await ledger.create(aRecord());
      assert.ok(again.created);
      revisions.push(again.revision);
      assert.equal(new Set(revisions).size, revisions.length);
    });

    test("shows a write to another connection as soon as it is answered", async (t) => {
      const [one, two] = await openTwo(makeStore, t);
      for (let i = 0; i < 20; i++) {
        await one.create(aRecord({ id: `request-${i}` }));
        assert.ok(await two.get(`request-${i}`));
        assert.equal((await two.list({ limit: 1 })).items[0]?.id, `request-${i}`);
        assert.equal((await two.count({})).queued, i + 1);
      }
    });
  });

  describe(`${driver}: expiry`, () => {
    const expired = () => aRecord({ expireAtMs: Date.now() - 1, subject: "expired" });

    test("an expired record is absent for get, cas and list", async (t) => {
      const ledger = await openOne(makeStore, t);
      const created = await ledger.create(expired());
      assert.ok(created.created);
      assert.equal(await ledger.get("request-1"), null);
      assert.equal((await ledger.cas("request-1", created.revision, aRecord())).swapped, false);
      assert.deepEqual(await ledger.list({ limit: 10 }), { items: [], nextCursor: null });
      assert.equal(await ledger.get("request-1"), null);
    });

    test("its id can be used again, once", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(expired());
      const results = await Promise.all([1, 2, 3].map((i) => ledger.create(aRecord({ subject: `again ${i}` }))));
      assert.equal(results.filter(({ created }) => created).length, 1);
      assert.match((await ledger.get("request-1"))?.record.subject ?? "", /^again/);
    });

    test("a record that is about to expire lives on by a write", async (t) => {
      const ledger = await openOne(makeStore, t);
      const created = await ledger.create(aRecord({ expireAtMs: Date.now() + 60_000 }));
      assert.ok(created.created);
      const later = Date.now() + 120_000;
      await ledger.cas("request-1", created.revision, aRecord({ expireAtMs: later }));
      assert.equal((await ledger.get("request-1"))?.record.expireAtMs, later);
    });
  });

  describe(`${driver}: close`, () => {
    test("answers the writes that are under way and refuses those that come later", async (t) => {
      const open = await makeStore(t);
      const ledger = await open();
      // More than one group commit of SQLite's, and few enough that a busy emulator answers each within its deadline.
      const count = 300;
      const underWay = Array.from({ length: count }, (_, i) => ledger.create(aRecord({ id: `request-${i}` })));
      await ledger.close();
      assert.equal((await Promise.all(underWay)).filter(({ created }) => created).length, count);
      const closed = { name: LedgerUnavailable.name, reason: "closed" };
      await assert.rejects(async () => ledger.create(aRecord({ id: "late" })), closed);
      await assert.rejects(async () => ledger.get("request-1"), closed);
      await assert.rejects(async () => ledger.cas("request-1", "1.1", aRecord()), closed);
      await assert.rejects(async () => ledger.list({ limit: 1 }), closed);
      await assert.rejects(async () => ledger.count({}), closed);
      await ledger.close();
      assert.equal((await (await open()).count({})).queued, count);
    });
  });
}
