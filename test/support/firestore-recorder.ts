import { createServer } from "node:http";
import { json } from "node:stream/consumers";
import type { FirestoreAccess } from "@draftmill/shared/ledger/firestore-access.ts";
import type { FirestoreDocument, FirestoreQuery } from "@draftmill/shared/ledger/firestore-client.ts";
import { containing, type RecordedQuery } from "./firestore-indexes.ts";

/** A Firestore that takes every write, finds one document on each first page, and remembers what it was asked. */
export interface FirestoreRecorder {
  readonly access: Omit<FirestoreAccess, "forget">;
  /** Each different query once. */
  readonly queries: readonly RecordedQuery[];
  /** By collection, the fields of its documents. */
  readonly written: ReadonlyMap<string, ReadonlySet<string>>;
  close(): Promise<void>;
}

const TIME = "2026-01-01T00:00:00.000000Z";

/** One that each reader can read. */
const FOUND: FirestoreDocument = {
  name: `projects/p/databases/d/documents/drafts/${"0".repeat(64)}`,
  fields: {
    created: { integerValue: "1" },
    record: { stringValue: JSON.stringify({ expireAtMs: Number.MAX_SAFE_INTEGER, claimedAtMs: null }) },
    code: { stringValue: "c" },
    mailbox: { stringValue: "m" },
    state: { stringValue: "failed" },
    id: { stringValue: "a" },
    value: { stringValue: "{}" },
    expireAt: { timestampValue: "9999-01-01T00:00:00Z" },
  },
  updateTime: TIME,
};

interface Asked {
  readonly structuredQuery?: FirestoreQuery;
  readonly structuredAggregationQuery?: { readonly structuredQuery: FirestoreQuery };
  readonly writes?: readonly { readonly update: FirestoreDocument }[];
}

export async function openFirestoreRecorder(): Promise<FirestoreRecorder> {
  const queries = new Map<string, RecordedQuery>();
  const written = new Map<string, Set<string>>();
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as Asked;
    const query = body.structuredQuery ?? body.structuredAggregationQuery?.structuredQuery;
    if (query !== undefined) {
      const read = readQuery(query);
      queries.set(JSON.stringify(read), read);
    }
    for (const { update } of body.writes ?? []) {
      const collection = update.name?.split("/").at(-2) ?? "";
      const fields = written.get(collection) ?? new Set();
      for (const field of Object.keys(update.fields ?? {})) fields.add(field);
      written.set(collection, fields);
    }
    const method = request.url?.split(":").at(-1) ?? "";
    const answers: Readonly<Record<string, unknown>> = {
      commit: { writeResults: [{ updateTime: TIME }] },
      runQuery: [{ readTime: TIME, ...(query?.startAt === undefined ? { document: FOUND } : {}) }],
      runAggregationQuery: [{ result: { aggregateFields: { n: { integerValue: "0" } } }, readTime: TIME }],
      batchGet: [{ missing: "", readTime: TIME }],
    };
    const answer = answers[method.replace(/\?.*/, "")];
    response.statusCode = answer === undefined ? 501 : 200;
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    access: {
      origin: `http://127.0.0.1:${port}`,
      project: async () => "p",
      headers: async () => new Headers(),
    },
    get queries() {
      return [...queries.values()];
    },
    written,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Throws on what the reckoning of indexes does not know: another operator, a query over several collections. */
function readQuery({ from, where, orderBy = [] }: FirestoreQuery): RecordedQuery {
  const [only, ...others] = from ?? [];
  if (only === undefined || others.length > 0) throw new Error("a query of one collection");
  const filters = where?.compositeFilter?.filters ?? (where === undefined ? [] : [where]);
  const equal: string[] = [];
  for (const { fieldFilter } of filters) {
    const field = fieldFilter?.field?.fieldPath ?? "";
    const isRange = fieldFilter?.op === "LESS_THAN_OR_EQUAL" || fieldFilter?.op === "GREATER_THAN_OR_EQUAL";
    if (fieldFilter?.op === "EQUAL") equal.push(field);
    else if (fieldFilter?.op === "ARRAY_CONTAINS_ANY") equal.push(containing(field));
    else if (!isRange || orderBy[0]?.field?.fieldPath !== field)
      throw new Error(`a filter that is not known: ${JSON.stringify(fieldFilter)}`);
  }
  const order = orderBy.map(({ field, direction }) => ({
    fieldPath: field?.fieldPath ?? "",
    order: direction ?? "ASCENDING",
  }));
  const name = order.findIndex(({ fieldPath }) => fieldPath === "__name__");
  if (name >= 0 && (name < order.length - 1 || (name > 0 && order[name]?.order !== order[name - 1]?.order)))
    throw new Error("the document's name is sorted by last, in the direction before it");
  return {
    collection: only.collectionId ?? "",
    equal: equal.sort(),
    order: order.filter(({ fieldPath }) => fieldPath !== "__name__"),
  };
}
