import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DRAFT_STATES } from "@draftmill/shared/contract/draft-record.ts";
import { FirestoreDocuments } from "@draftmill/shared/ledger/firestore-documents.ts";
import { FirestoreLedger } from "@draftmill/shared/ledger/firestore-ledger.ts";
import type { ListQuery } from "@draftmill/shared/ledger/ledger.ts";
import { aFailure, aRecord } from "../conformance/ledger/a-record.ts";
import { type DeclaredIndexes, isServed, type RecordedQuery, sortsOf } from "../support/firestore-indexes.ts";
import { openFirestoreRecorder } from "../support/firestore-recorder.ts";
import { unrolled } from "../support/gcloud-commands.ts";
import { readText, shellCommands } from "../support/readme.ts";

const DECLARED = JSON.parse(readText("infra/terraform/firestore-indexes.json")) as DeclaredIndexes;
const LEDGER_README = "shared/src/ledger/README.md";

/** How each method of the ledger is asked in every way that it can be. A method that is not here fails the test below. */
const QUESTIONS: Readonly<Record<string, (ledger: FirestoreLedger) => Promise<unknown>>> = {
  create: (ledger) => ledger.create({ ...aRecord(), batch: "b", dueAtMs: 1, problem: aFailure().problem }),
  get: (ledger) => ledger.get("request-1"),
  cas: (ledger) => ledger.cas("request-1", `2026-01-01T00:00:00.000000Z/${Number.MAX_SAFE_INTEGER}`, aRecord()),
  list: (ledger) =>
    Promise.all([...filtersOf("state", "mailbox", "batch", "code")].map((by) => ledger.list({ limit: 5, ...by }))),
  due: (ledger) => ledger.due(1, 5),
  recentTo: (ledger) => ledger.recentTo(["a", "b"], 1),
  failureGroups: (ledger) => Promise.all([...filtersOf("mailbox", "code")].map((by) => ledger.failureGroups(by, 5))),
  count: (ledger) => Promise.all([...filtersOf("mailbox", "batch", "code")].map((by) => ledger.count(by))),
  createDocument: (ledger) =>
    ledger.createDocument("kind", { id: "a", value: {}, expireAtMs: Number.MAX_SAFE_INTEGER / 2_000 }),
  document: (ledger) => ledger.document("kind", "a"),
  casDocument: (ledger) =>
    ledger.casDocument("kind", `2026-01-01T00:00:00.000000Z/${Number.MAX_SAFE_INTEGER}`, {
      id: "a",
      value: {},
      expireAtMs: 1,
    }),
  documents: (ledger) => ledger.documents("kind", { limit: 5 }),
  // Reads one record by its id, again and again.
  watch: async () => {},
  close: async () => {},
};

/** Every choice of these filters, none of them included. */
function* filtersOf(...names: readonly (keyof ListQuery)[]): Generator<Partial<Record<keyof ListQuery, never>>> {
  for (let choice = 0; choice < 2 ** names.length; choice++) {
    const chosen = names.filter((_, n) => (choice >> n) % 2 === 1);
    yield Object.fromEntries(chosen.map((name) => [name, name === "state" ? DRAFT_STATES[0] : "x"]));
  }
}

async function everyQuestion(): Promise<{
  queries: readonly RecordedQuery[];
  written: ReadonlyMap<string, ReadonlySet<string>>;
}> {
  const recorder = await openFirestoreRecorder();
  const access = { ...recorder.access, forget: () => {} };
  const newWriteId = () => "w";
  const ledger = new FirestoreLedger({ access, database: "d", clock: systemClock, random: () => 0, newWriteId });
  try {
    for (const ask of Object.values(QUESTIONS)) await ask(ledger);
    return recorder;
  } finally {
    await ledger.close();
    await recorder.close();
  }
}

const asked = await everyQuestion();

test("each method of the ledger is asked", () => {
  const methods = [FirestoreLedger, FirestoreDocuments].flatMap(({ prototype }) =>
    Object.getOwnPropertyNames(prototype),
  );
  const unasked = methods.filter((name) => name !== "constructor" && QUESTIONS[name] === undefined);
  assert.deepEqual(unasked, []);
});

test("each query that the services can send is served by the indexes that Terraform makes", (t) => {
  assert.ok(asked.queries.length > 20);
  const unserved = asked.queries.filter((query) => !isServed(query, DECLARED));
  assert.deepEqual(unserved, []);
  t.diagnostic(`${asked.queries.length} queries, ${DECLARED.indexes.length} composite indexes`);
});

test("without any one of these indexes a query is refused: none is for nothing, and this test sees it", () => {
  for (const index of DECLARED.indexes) {
    const indexes = DECLARED.indexes.filter((other) => other !== index);
    const unserved = asked.queries.filter((query) => !isServed(query, { ...DECLARED, indexes }));
    assert.ok(unserved.length > 0, `nothing needs ${JSON.stringify(index)}`);
  }
});

test("a field that is written has an index of its own only where a query sorts by it alone", () => {
  for (const [collectionGroup, fields] of asked.written) {
    const sorted = new Set(asked.queries.filter((query) => query.collection === collectionGroup).flatMap(sortsOf));
    for (const fieldPath of fields) {
      const isOff = DECLARED.fieldOverrides.some(
        (field) => field.collectionGroup === collectionGroup && field.fieldPath === fieldPath,
      );
      assert.equal(isOff, !sorted.has(fieldPath), `${collectionGroup}.${fieldPath}`);
    }
    const written = DECLARED.fieldOverrides.filter((field) => field.collectionGroup === collectionGroup);
    for (const { fieldPath } of written)
      assert.ok(fields.has(fieldPath), `nobody writes ${collectionGroup}.${fieldPath}`);
    assert.deepEqual(
      written.filter(({ ttl }) => ttl === true).map(({ fieldPath }) => fieldPath),
      ["expireAt"],
    );
  }
  assert.deepEqual([...asked.written.keys()].sort(), ["documents", "drafts"]);
});

test("the ledger's README makes the same indexes by hand", () => {
  const commands = shellCommands(readText(LEDGER_README)).flatMap(({ command }) => unrolled(command));
  const byHand = commands.flatMap((command) => {
    const collectionGroup = /--collection-group=(\w+)/.exec(command)?.[1];
    const fields = [...command.matchAll(/--field-config=field-path=(\w+),(?:order=(\w+)|array-config=(\w+))/g)].map(
      ([, fieldPath, order, list]) =>
        order === undefined
          ? { fieldPath, arrayConfig: list?.toUpperCase() }
          : { fieldPath, order: order.toUpperCase() },
    );
    return fields.length === 0 ? [] : [{ collectionGroup, fields }];
  });
  assert.deepEqual(sorted(byHand), sorted(DECLARED.indexes));
  const off = commands.flatMap((command) => {
    const [, fieldPath, collectionGroup] =
      /fields update (\w+) --collection-group=(\w+) --disable-indexes/.exec(command) ?? [];
    return fieldPath === undefined ? [] : [{ collectionGroup, fieldPath }];
  });
  assert.deepEqual(
    sorted(off),
    sorted(DECLARED.fieldOverrides.map(({ collectionGroup, fieldPath }) => ({ collectionGroup, fieldPath }))),
  );
});

function sorted(list: readonly unknown[]): readonly string[] {
  return list.map((one) => JSON.stringify(one)).sort();
}
