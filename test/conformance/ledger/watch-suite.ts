import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aRecord } from "./a-record.ts";
import { type MakeStore, openOne, openTwo, pick, rewrite } from "./make-store.ts";

/** Changes as they are seen, by whoever they are made. */
export function watchSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: watch`, { timeout: 20_000 }, () => {
    test("gives the record as it is, then each change", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord());
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const { record } of ledger.watch("request-1", stop.signal)) {
        seen.push(record.state);
        if (record.state === "queued") await rewrite(ledger, record.id, { state: "processing" });
        else if (record.state === "processing") await rewrite(ledger, record.id, { state: "created" });
        else stop.abort();
      }
      assert.deepEqual(seen, ["queued", "processing", "created"]);
    });

    test("gives the revision that a swap needs", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord());
      for await (const { revision } of ledger.watch("request-1", AbortSignal.timeout(10_000))) {
        assert.ok((await ledger.cas("request-1", revision, aRecord({ subject: "swapped" }))).swapped);
        break;
      }
    });

    test("waits for a record that is not there yet", async (t) => {
      const ledger = await openOne(makeStore, t);
      const first = firstOf(ledger.watch("request-1", AbortSignal.timeout(10_000)));
      await ledger.create(aRecord({ id: "request-2" }));
      await ledger.create(aRecord());
      assert.equal((await first)?.record.id, "request-1");
    });

    test("sees what another connection writes", async (t) => {
      const [one, two] = await openTwo(makeStore, t);
      await one.create(aRecord());
      const states: string[] = [];
      for await (const { record } of one.watch("request-1", AbortSignal.timeout(10_000))) {
        states.push(record.state);
        if (record.state === "created") break;
        await rewrite(two, record.id, { state: "created" });
      }
      assert.deepEqual(states, ["queued", "created"]);
    });

    test("never misses the last of many fast changes, for any of several watchers", async (t) => {
      const [one, two] = await openTwo(makeStore, t);
      await one.create(aRecord({ fence: 0 }));
      const watchers = [one, one, two].map(async (ledger) => {
        let last = -1;
        for await (const { record } of ledger.watch("request-1", AbortSignal.timeout(10_000))) {
          assert.ok(record.fence > last, "changes come in order");
          last = record.fence;
          if (last === 100) break;
        }
        return last;
      });
      for (let fence = 1; fence <= 100; fence++) await rewrite(pick([one, two], fence), "request-1", { fence });
      assert.deepEqual(await Promise.all(watchers), [100, 100, 100]);
    });

    test("says nothing of other records", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord());
      await ledger.create(aRecord({ id: "request-2" }));
      const stop = new AbortController();
      const seen: string[] = [];
      for await (const { record } of ledger.watch("request-1", stop.signal)) {
        seen.push(`${record.id} ${record.subject}`);
        if (seen.length === 2) break;
        for (let i = 0; i < 5; i++) await rewrite(ledger, "request-2", { subject: `noise ${i}` });
        await rewrite(ledger, "request-1", { subject: "signal" });
      }
      assert.deepEqual(seen, ["request-1 Hello", "request-1 signal"]);
    });

    test("ends when its signal aborts, also one that has aborted before", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord());
      const stop = new AbortController();
      const seen: string[] = [];
      const watching = (async () => {
        for await (const { record } of ledger.watch("request-1", stop.signal)) {
          seen.push(record.state);
          setImmediate(() => stop.abort());
        }
      })();
      await watching;
      for await (const { record } of ledger.watch("request-1", stop.signal)) seen.push(record.state);
      assert.deepEqual(seen, ["queued"]);
    });

    test("ends when the ledger closes", async (t) => {
      const ledger = await openOne(makeStore, t);
      const watching = firstOf(ledger.watch("request-1", new AbortController().signal));
      await ledger.close();
      assert.equal(await watching, undefined);
    });
  });
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item;
  return undefined;
}
