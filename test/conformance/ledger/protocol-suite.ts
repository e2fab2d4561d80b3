import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { type Ledger, LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import type { Claimed } from "@draftmill/shared/ledger/ledger-answers.ts";
import { aDraft, aFailure, aRecord } from "./a-record.ts";
import { FlakyLedger } from "./flaky-ledger.ts";
import type { MakeStore } from "./make-store.ts";

/** Real time, but pauses end at once: they are waited for by count, not by length. */
class ImpatientClock implements Clock {
  readonly pausesMs: number[] = [];
  nowMs = systemClock.nowMs;
  monotonicMs = systemClock.monotonicMs;
  async sleep(ms: number): Promise<void> {
    this.pausesMs.push(ms);
  }
}

const LONG_MS = 600_000;

/** No lease at all stands for one that has ended. */
const OVER_MS = 0;

function draftLedger(ledger: Ledger, leaseMs = LONG_MS, clock: Clock = new ImpatientClock()): DraftLedger {
  return new DraftLedger(ledger, { clock, leaseMs });
}

async function claimed(ledger: DraftLedger, candidate = aRecord(), revision?: string): Promise<Claimed> {
  const claim = await ledger.claim(candidate, revision);
  assert.equal(claim.kind, "claimed");
  assert.ok(claim.kind === "claimed");
  return claim;
}

/** One draft for one request, as far as the ledger can see to it: `DraftLedger` on a driver. */
export function protocolSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: claims`, () => {
    test("the first claim need not look for a draft; a second is kept off for the rest of the lease", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      const before = systemClock.monotonicMs();
      const claim = await claimed(ledger);
      assert.equal(claim.mustFind, false);
      assert.ok(claim.leaseStartedMonotonicMs >= before && claim.leaseStartedMonotonicMs <= systemClock.monotonicMs());
      const second = await ledger.claim(aRecord());
      assert.ok(second.kind === "busy" && second.retryAfterMs > LONG_MS - 60_000 && second.retryAfterMs <= LONG_MS);
    });

    for (const accepted of [false, true]) {
      test(`64 claimants, two connections, ${accepted ? "accepted before" : "never heard of"}: one gets it`, async (t) => {
        const open = await makeStore(t);
        const ledgers = [draftLedger(await open()), draftLedger(await open())];
        const acceptance = accepted ? await ledgers[0]?.accept(aRecord()) : undefined;
        const revision = acceptance?.accepted ? acceptance.revision : undefined;
        const claims = await Promise.all(
          Array.from({ length: 32 }, () => ledgers.map((ledger) => ledger.claim(aRecord(), revision))).flat(),
        );
        assert.equal(claims.filter(({ kind }) => kind === "claimed").length, 1);
        assert.equal(claims.filter(({ kind }) => kind === "busy").length, 63);
        assert.equal((await ledgers[1]?.get("request-1"))?.fence, 1);
      });
    }

    test("a lease that ended is taken over, and whoever takes it must look for a draft", async (t) => {
      const open = await makeStore(t);
      const store = await open();
      const lost = await claimed(draftLedger(store));
      const revived = draftLedger(store, OVER_MS);
      const next = await claimed(revived);
      assert.equal(next.mustFind, true);
      assert.equal(next.record.fence, lost.record.fence + 1);
    });

    test("an owner who was overtaken can write nothing, the new one can", async (t) => {
      const store = await (await makeStore(t))();
      const ledger = draftLedger(store);
      const lost = await claimed(ledger);
      const next = await claimed(draftLedger(store, OVER_MS));
      for (const write of [
        () => ledger.complete(lost, aDraft),
        () => ledger.release(lost, null),
        () => ledger.fail(lost, aFailure()),
      ])
        assert.equal((await write()).kind, "fenced-off");
      assert.equal((await ledger.get("request-1"))?.state, "processing");
      assert.equal((await ledger.complete(next, aDraft)).kind, "settled");
    });

    test("an accepted request is claimed by its revision in one write", async (t) => {
      const flaky = new FlakyLedger(await (await makeStore(t))());
      const ledger = draftLedger(flaky.ledger);
      const acceptance = await ledger.accept(aRecord());
      assert.ok(acceptance.accepted);
      flaky.writes = 0;
      await claimed(ledger, aRecord(), acceptance.revision);
      assert.equal(flaky.writes, 1);
    });

    test("a revision that is out of date or made up costs a read and no more", async (t) => {
      const store = await (await makeStore(t))();
      const ledger = draftLedger(store);
      const acceptance = await ledger.accept(aRecord());
      assert.ok(acceptance.accepted);
      await claimed(ledger, aRecord(), acceptance.revision);
      assert.equal((await ledger.claim(aRecord(), acceptance.revision)).kind, "busy");
      assert.equal((await claimed(draftLedger(store, OVER_MS), aRecord(), acceptance.revision)).mustFind, true);
      const unknown = await claimed(ledger, aRecord({ id: "request-2" }), "made-up");
      assert.equal(unknown.record.fence, 1);
    });

    test("another request under the same id is a conflict", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      await ledger.accept(aRecord());
      const other = aRecord({ bodyHash: "hash-2" });
      assert.equal((await ledger.claim(other)).kind, "conflict");
      assert.equal((await ledger.failUnclaimed(other, aFailure())).kind, "conflict");
      const again = await ledger.accept(other);
      assert.ok(!again.accepted);
      assert.equal(again.existing.bodyHash, "hash-1");
    });
  });

  describe(`${driver}: ends`, () => {
    test("a created draft is known for every later delivery", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      await ledger.complete(await claimed(ledger), aDraft);
      const again = await ledger.claim(aRecord());
      assert.ok(again.kind === "duplicate");
      assert.deepEqual([again.record.state, again.record.draftId], ["created", aDraft.draftId]);
      assert.equal((await ledger.countByState()).created, 1);
    });

    test("a release restores the taint as it was found", async (t) => {
      const store = await (await makeStore(t))();
      const ledger = draftLedger(store);
      await ledger.release(await claimed(ledger), "throttled");
      assert.equal((await ledger.get("request-1"))?.note, "throttled");
      assert.equal((await claimed(ledger)).mustFind, false);
      // That claim is lost; the one after it finds nothing yet and gives the record back, still tainted.
      await ledger.release(await claimed(draftLedger(store, OVER_MS)), null);
      assert.equal((await claimed(ledger)).mustFind, true);
    });

    for (const state of ["failed", "parked", "dead"] as const) {
      test(`${state} is final for deliveries; a replay looks for a draft first`, async (t) => {
        const ledger = draftLedger(await (await makeStore(t))());
        await ledger.fail(await claimed(ledger), aFailure({ state }));
        assert.equal((await ledger.claim(aRecord())).kind, "duplicate");
        const replay = await ledger.replay("request-1");
        assert.ok(replay.kind === "moved");
        assert.equal(replay.record.body, aFailure().body);
        assert.equal((await claimed(ledger)).mustFind, true);
      });
    }

    test("a request that fails before any claim is recorded, once", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      assert.equal((await ledger.failUnclaimed(aRecord(), aFailure())).kind, "settled");
      assert.equal((await ledger.failUnclaimed(aRecord(), aFailure())).kind, "duplicate");
      await ledger.replay("request-1");
      assert.equal((await claimed(ledger)).mustFind, false, "no create ever left");
      assert.equal((await ledger.failUnclaimed(aRecord(), aFailure({ state: "dead" }))).kind, "busy");
    });

    test("replays at the same time move a record once", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      await ledger.failUnclaimed(aRecord(), aFailure());
      const replays = await Promise.all(Array.from({ length: 10 }, () => ledger.replay("request-1")));
      assert.equal(replays.filter(({ kind }) => kind === "moved").length, 1);
      assert.equal(replays.filter(({ kind }) => kind === "refused").length, 9);
      assert.equal((await ledger.replay("request-2")).kind, "absent");
    });

    test("a claim and a cancellation at the same time: exactly one happens", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      for (let i = 0; i < 20; i++) {
        const record = aRecord({ id: `request-${i}` });
        await ledger.accept(record);
        const claiming = () => ledger.claim(record);
        const canceling = () => ledger.cancel(record.id);
        const [first, second] = i % 2 === 0 ? [claiming, canceling] : [canceling, claiming];
        const kinds = (await Promise.all([first(), second()])).map(({ kind }) => kind);
        const won = kinds.filter((kind) => kind === "claimed" || kind === "moved");
        const state = (await ledger.get(record.id))?.state;
        assert.deepEqual([won.length, state], [1, won[0] === "claimed" ? "processing" : "canceled"]);
      }
    });

    test("a doubtful publish is noted while the request waits", async (t) => {
      const ledger = draftLedger(await (await makeStore(t))());
      await ledger.accept(aRecord());
      await ledger.doubt("request-1");
      assert.equal((await ledger.get("request-1"))?.note, "publish-unconfirmed");
      await ledger.complete(await claimed(ledger), aDraft);
      assert.equal((await ledger.doubt("request-1")).kind, "refused");
      assert.equal((await ledger.get("request-1"))?.note, null);
    });

    test("a watcher follows a request to its end", { timeout: 20_000 }, async (t) => {
      const open = await makeStore(t);
      const [api, worker] = [draftLedger(await open()), draftLedger(await open())];
      await api.accept(aRecord());
      let ended = "";
      for await (const { state } of api.watch("request-1", AbortSignal.timeout(10_000))) {
        ended = state;
        if (state === "created") break;
        if (state === "queued") await worker.complete(await claimed(worker), aDraft);
      }
      assert.equal(ended, "created");
    });
  });

  describe(`${driver}: lost answers`, () => {
    const writes = [
      ["complete", "created", (ledger: DraftLedger, claim: Claimed) => ledger.complete(claim, aDraft)],
      ["release", "queued", (ledger: DraftLedger, claim: Claimed) => ledger.release(claim, "throttled")],
      ["fail", "failed", (ledger: DraftLedger, claim: Claimed) => ledger.fail(claim, aFailure())],
    ] as const;
    for (const [name, state, write] of writes) {
      test(`${name} whose answer is lost is settled by one write`, async (t) => {
        const flaky = new FlakyLedger(await (await makeStore(t))());
        const ledger = draftLedger(flaky.ledger);
        const claim = await claimed(ledger);
        flaky.writes = 0;
        flaky.faults.push("lost-answer");
        assert.equal((await write(ledger, claim)).kind, "settled");
        assert.equal(flaky.writes, 1);
        assert.equal((await ledger.get("request-1"))?.state, state);
        assert.equal((await write(ledger, claim)).kind, "settled", "and may be repeated");
      });

      test(`${name} is tried again, not without end, on a store that does not answer`, async (t) => {
        const flaky = new FlakyLedger(await (await makeStore(t))());
        const clock = new ImpatientClock();
        const ledger = draftLedger(flaky.ledger, LONG_MS, clock);
        const claim = await claimed(ledger);
        flaky.faults.push("refused", "refused", "refused", "refused");
        await assert.rejects(write(ledger, claim), LedgerUnavailable);
        assert.deepEqual(clock.pausesMs, [100, 400, 1_600]);
        assert.equal((await ledger.get("request-1"))?.state, "processing");
        flaky.faults.push("refused", "refused");
        assert.equal((await write(ledger, claim)).kind, "settled");
      });
    }

    test("a claim whose answer is lost is nobody's until its lease ends, then looks first", async (t) => {
      const store = await (await makeStore(t))();
      const flaky = new FlakyLedger(store);
      const ledger = draftLedger(flaky.ledger);
      flaky.faults.push("lost-answer");
      await assert.rejects(ledger.claim(aRecord()), LedgerUnavailable);
      assert.equal((await ledger.claim(aRecord())).kind, "busy");
      assert.equal((await claimed(draftLedger(store, OVER_MS))).mustFind, true);
    });

    test("an accept whose answer is lost is known when it is repeated", async (t) => {
      const flaky = new FlakyLedger(await (await makeStore(t))());
      const ledger = draftLedger(flaky.ledger);
      flaky.faults.push("lost-answer");
      await assert.rejects(ledger.accept(aRecord()), LedgerUnavailable);
      const again = await ledger.accept(aRecord());
      assert.ok(!again.accepted);
      assert.deepEqual([again.existing.state, again.existing.bodyHash], ["queued", "hash-1"]);
    });

    test("a claim that does not reach the store claims nothing", async (t) => {
      const flaky = new FlakyLedger(await (await makeStore(t))());
      const ledger = draftLedger(flaky.ledger);
      flaky.faults.push("refused");
      await assert.rejects(ledger.claim(aRecord()), LedgerUnavailable);
      assert.equal((await claimed(ledger)).mustFind, false);
    });
  });
}
