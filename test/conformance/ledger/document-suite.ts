import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LedgerDocument } from "@draftmill/shared/ledger/document-store.ts";
import { type DocumentKind, Documents } from "@draftmill/shared/ledger/documents.ts";
import { CursorInvalid } from "@draftmill/shared/ledger/ledger.ts";
import { type MakeStore, openOne, openTwo, pick } from "./make-store.ts";

interface Note {
  readonly id: string;
  readonly count: number;
}

const NOTES: DocumentKind<Note> = {
  name: "note",
  parse: (value) => value as Note,
  idOf: ({ id }) => id,
  expireAtMsOf: () => Date.now() + 60_000,
};

function aDocument(changes: Partial<LedgerDocument> = {}): LedgerDocument {
  return { id: "d-1", value: { text: "Grüße", list: [1, null] }, expireAtMs: Date.now() + 60_000, ...changes };
}

/** The documents that live beside the records. */
export function documentSuite(driver: string, makeStore: MakeStore): void {
  describe(`${driver}: documents`, () => {
    test("gives back what was written, to every connection", async (t) => {
      const [one, other] = await openTwo(makeStore, t);
      const document = aDocument();
      assert.equal((await one.createDocument("note", document)).created, true);
      assert.deepEqual((await other.document("note", "d-1"))?.document, document);
      assert.equal(await other.document("other-kind", "d-1"), null);
      assert.equal(await other.document("note", "d-2"), null);
    });

    test("of 16 creates with one id one succeeds, and the others see it", async (t) => {
      const both = await openTwo(makeStore, t);
      const results = await Promise.all(
        Array.from({ length: 16 }, (_, n) => pick(both, n).createDocument("note", aDocument({ value: { n } }))),
      );
      assert.equal(results.filter(({ created }) => created).length, 1);
      const kept = (await both[0].document("note", "d-1"))?.document.value;
      for (const result of results) if (!result.created) assert.deepEqual(result.stored.document.value, kept);
    });

    test("of 16 swaps of one revision one succeeds; an older revision never does", async (t) => {
      const both = await openTwo(makeStore, t);
      const made = await both[0].createDocument("note", aDocument());
      assert.ok(made.created);
      const swap = (n: number) => pick(both, n).casDocument("note", made.revision, aDocument({ value: { n } }));
      const results = await Promise.all(Array.from({ length: 16 }, (_, n) => swap(n)));
      assert.equal(results.filter(({ swapped }) => swapped).length, 1);
      assert.equal((await swap(17)).swapped, false);
      assert.equal((await both[0].casDocument("note", made.revision, aDocument({ id: "absent" }))).swapped, false);
    });

    test("one that has expired is absent, cannot be swapped, and makes room", async (t) => {
      const ledger = await openOne(makeStore, t);
      const old = aDocument({ expireAtMs: Date.now() - 1 });
      const made = await ledger.createDocument("note", old);
      assert.ok(made.created);
      assert.equal(await ledger.document("note", "d-1"), null);
      assert.deepEqual((await ledger.documents("note", { limit: 10 })).items, []);
      assert.equal((await ledger.createDocument("note", aDocument({ value: { again: true } }))).created, true);
      assert.equal((await ledger.casDocument("note", made.revision, aDocument())).swapped, false);
      assert.deepEqual((await ledger.document("note", "d-1"))?.document.value, { again: true });
    });

    test("lists those of a kind, newest first, page by page", async (t) => {
      const ledger = await openOne(makeStore, t);
      for (let n = 0; n < 5; n++) await ledger.createDocument("note", aDocument({ id: `d-${n}` }));
      await ledger.createDocument("other", aDocument({ id: "o-1" }));
      const first = await ledger.documents("note", { limit: 3 });
      assert.deepEqual(
        first.items.map(({ id }) => id),
        ["d-4", "d-3", "d-2"],
      );
      assert.ok(first.nextCursor !== null);
      await ledger.createDocument("note", aDocument({ id: "d-9" }));
      const second = await ledger.documents("note", { limit: 3, cursor: first.nextCursor });
      assert.deepEqual(
        second.items.map(({ id }) => id),
        ["d-1", "d-0"],
      );
      assert.equal(second.nextCursor, null);
      await assert.rejects(ledger.documents("note", { limit: 3, cursor: "nonsense" }), CursorInvalid);
    });

    test("updates from two connections at once are all counted", async (t) => {
      const both = await openTwo(makeStore, t);
      const documents = both.map((ledger) => new Documents(ledger, NOTES));
      assert.equal(await pick(documents, 0).create({ id: "n", count: 0 }), null);
      assert.deepEqual(await pick(documents, 1).create({ id: "n", count: 7 }), { id: "n", count: 0 });
      const add = (n: number) => pick(documents, n).update("n", (note) => ({ ...note, count: note.count + 1 }));
      for (let n = 0; n < 6; n += 2) await Promise.all([add(n), add(n + 1)]);
      assert.equal((await pick(documents, 0).get("n"))?.count, 6);
      assert.equal(await pick(documents, 0).update("absent", (note) => note), null);
    });
  });
}
