import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DRAFT_STATES, type DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { CursorInvalid, type Ledger, type ListQuery } from "@draftmill/shared/ledger/ledger.ts";
import { aDraft, aFailure, aRecord } from "./a-record.ts";
import { type MakeStore, openOne, rewrite } from "./make-store.ts";

/** Filters, pages and counts. */
export function listSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: list and count`, () => {
    /** Nine records: three batches (one is none), two mailboxes, failures with two codes. */
    async function fill(ledger: Ledger): Promise<readonly DraftRecord[]> {
      const records: DraftRecord[] = [];
      for (let i = 0; i < 9; i++) {
        const code = i % 2 === 0 ? "RECIPIENT_INVALID" : "MAILBOX_UNKNOWN";
        const failure = aFailure({ problem: { code, detail: "d", retryable: false } });
        const batch = [null, "b-1", "b-2"][i % 3] ?? null;
        const mailbox = i < 5 ? "rep@corp.example" : "sales@corp.example";
        const record = aRecord({ id: `request-${i}`, batch, mailbox, ...(i >= 3 && i < 7 ? failure : {}) });
        await ledger.create(record);
        records.unshift(record);
      }
      return records;
    }

    const filters: Omit<ListQuery, "limit">[] = [
      {},
      { state: "queued" },
      { state: "failed" },
      { state: "created" },
      { mailbox: "rep@corp.example" },
      { mailbox: "nobody@corp.example" },
      { batch: "b-1" },
      { code: "MAILBOX_UNKNOWN" },
      { state: "failed", mailbox: "sales@corp.example" },
      { state: "failed", batch: "b-2" },
      { state: "queued", code: "MAILBOX_UNKNOWN" },
      { mailbox: "rep@corp.example", batch: "b-2" },
      { mailbox: "rep@corp.example", code: "RECIPIENT_INVALID" },
      { batch: "b-1", code: "RECIPIENT_INVALID" },
      { state: "failed", mailbox: "rep@corp.example", batch: "b-1", code: "RECIPIENT_INVALID" },
    ];
    test("lists what fits every filter given, newest first", async (t) => {
      const ledger = await openOne(makeStore, t);
      const records = await fill(ledger);
      for (const filter of filters) {
        const { state, mailbox, batch, code } = filter;
        const expected = records.filter(
          (record) =>
            (state === undefined || record.state === state) &&
            (mailbox === undefined || record.mailbox === mailbox) &&
            (batch === undefined || record.batch === batch) &&
            (code === undefined || record.problem?.code === code),
        );
        const page = await ledger.list({ ...filter, limit: 100 });
        assert.deepEqual(page, { items: expected, nextCursor: null }, JSON.stringify(filter));
      }
    });

    test("pages of any size show every record once", async (t) => {
      const ledger = await openOne(makeStore, t);
      const expected = (await fill(ledger)).map(({ id }) => id);
      for (const limit of [1, 2, 3, 4, 8, 9, 10]) {
        const pages = await allPages(ledger, { limit });
        assert.deepEqual(pages.flat(), expected);
        assert.equal(pages.length, Math.ceil(9 / limit), `no empty page at the end with limit ${limit}`);
      }
      const queued = (await allPages(ledger, { state: "queued", limit: 2 })).flat();
      assert.deepEqual(queued, ["request-8", "request-7", "request-2", "request-1", "request-0"]);
    });

    test("records that are added while one reads pages shift nothing", async (t) => {
      const ledger = await openOne(makeStore, t);
      const expected = (await fill(ledger)).map(({ id }) => id);
      let added = 0;
      const pages = await allPages(ledger, { limit: 2 }, () => ledger.create(aRecord({ id: `new-${added++}` })));
      assert.deepEqual(pages.flat(), expected);
      assert.ok(added > 3);
    });

    test("records that leave the filter while one reads pages hide no other", async (t) => {
      const ledger = await openOne(makeStore, t);
      for (let i = 0; i < 8; i++) await ledger.create(aRecord({ id: `request-${i}` }));
      const pages = await allPages(ledger, { state: "queued", limit: 2 }, async (ids) => {
        for (const id of ids) await rewrite(ledger, id, { state: "canceled" });
      });
      assert.equal(new Set(pages.flat()).size, 8);
    });

    test("a record moves between lists with its state and its code", async (t) => {
      const ledger = await openOne(makeStore, t);
      await ledger.create(aRecord());
      const failed = { state: "failed", limit: 10 } as const;
      const coded = { code: aFailure().problem.code, limit: 10 };
      assert.deepEqual([(await ledger.list(failed)).items.length, (await ledger.list(coded)).items.length], [0, 0]);
      await rewrite(ledger, "request-1", aFailure());
      assert.deepEqual([(await ledger.list(failed)).items.length, (await ledger.list(coded)).items.length], [1, 1]);
      await rewrite(ledger, "request-1", { state: "queued", problem: null });
      assert.deepEqual([(await ledger.list(failed)).items.length, (await ledger.list(coded)).items.length], [0, 0]);
    });

    test("refuses a cursor it never gave out", async (t) => {
      const ledger = await openOne(makeStore, t);
      for (const cursor of ["", "x", "1", "AAAA", "../..", "9".repeat(500)])
        await assert.rejects(ledger.list({ cursor, limit: 10 }), CursorInvalid, cursor);
    });

    test("refuses a limit that is not 1 to 1000", async (t) => {
      const ledger = await openOne(makeStore, t);
      for (const limit of [0, -1, 1.5, 1001, Number.NaN, Number.POSITIVE_INFINITY])
        await assert.rejects(ledger.list({ limit }), RangeError, String(limit));
    });

    test("counts every state, in all, by mailbox, by batch, by code and by all of them", async (t) => {
      const ledger = await openOne(makeStore, t);
      const records = await fill(ledger);
      const none = { queued: 0, processing: 0, created: 0, failed: 0, parked: 0, dead: 0, canceled: 0 };
      for (const mailbox of [undefined, "rep@corp.example", "nobody@corp.example"]) {
        for (const batch of [undefined, "b-1"]) {
          for (const code of [undefined, "RECIPIENT_INVALID"]) {
            const fitting = records.filter(
              (record) =>
                (mailbox === undefined || record.mailbox === mailbox) &&
                (batch === undefined || record.batch === batch) &&
                (code === undefined || record.problem?.code === code),
            );
            const expected = { ...none };
            for (const { state } of fitting) expected[state]++;
            const filter = {
              ...(mailbox === undefined ? {} : { mailbox }),
              ...(batch === undefined ? {} : { batch }),
              ...(code === undefined ? {} : { code }),
            };
            assert.deepEqual(await ledger.count(filter), expected);
          }
        }
      }
    });

    test("counts no record whose draft was taken back, until its key stands for a draft again", async (t) => {
      const store = await openOne(makeStore, t);
      const ledger = new DraftLedger(store, { clock: systemClock });
      const make = async (): Promise<void> => {
        const claim = await ledger.claim(aRecord({ batch: "b-1" }));
        assert.ok(claim.kind === "claimed");
        await ledger.complete(claim, aDraft);
      };
      const counted = async (): Promise<unknown> => {
        const { created, canceled } = await store.count({ batch: "b-1" });
        return { created, canceled };
      };
      await make();
      assert.equal((await ledger.forget("request-1", aDraft.draftId)).kind, "moved");
      assert.deepEqual(await counted(), { created: 0, canceled: 0 });
      await make();
      assert.deepEqual(await counted(), { created: 1, canceled: 0 });
    });

    test("counts zero of everything in an empty store, and each state once it is there", async (t) => {
      const ledger = await openOne(makeStore, t);
      assert.deepEqual(Object.values(await ledger.count({})), [0, 0, 0, 0, 0, 0, 0]);
      for (const state of DRAFT_STATES) await ledger.create(aRecord({ id: state, state }));
      assert.deepEqual(Object.values(await ledger.count({})), [1, 1, 1, 1, 1, 1, 1]);
      await rewrite(ledger, "queued", { state: "dead" });
      const { queued, dead } = await ledger.count({});
      assert.deepEqual({ queued, dead }, { queued: 0, dead: 2 });
    });
  });
}

async function allPages(
  ledger: Ledger,
  query: Omit<ListQuery, "cursor">,
  afterPage: (ids: readonly string[]) => Promise<unknown> = async () => {},
): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page = await ledger.list(cursor === null ? query : { ...query, cursor });
    const ids = page.items.map(({ id }) => id);
    pages.push(ids);
    await afterPage(ids);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return pages;
}
