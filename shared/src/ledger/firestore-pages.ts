import type { firestore_v1 } from "googleapis/build/src/apis/firestore/index.js";
import type { DraftState } from "../contract/draft-record.ts";
import type { FirestoreDocument, FirestoreQuery } from "./firestore-client.ts";
import { type CountFilter, CursorInvalid, LedgerUnavailable, type ListQuery } from "./ledger.ts";

export const COLLECTION = "drafts";

const MAX_LIMIT = 1_000;

/** Where a list goes on: after this document. Its name is the tie-break of what was created at one time. */
export interface ListPosition {
  readonly createdUs: string;
  readonly documentId: string;
}

/** @throws RangeError */
export function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw new RangeError(`limit must be 1 to ${MAX_LIMIT}, not ${limit}`);
}

/**
 * Newest first. Every combination of filters is served by merging the indexes (filter ascending, created descending), one
 * for each filter (https://cloud.google.com/firestore/docs/query-data/index-overview#taking_advantage_of_index_merging).
 * @param root the full name of the database
 */
export function listQuery(
  { state, mailbox, batch, code }: Omit<ListQuery, "limit" | "cursor">,
  { limit, after, root }: { readonly limit: number; readonly after: ListPosition | null; readonly root: string },
): FirestoreQuery {
  return {
    ...newestFirst(COLLECTION, { state, mailbox, batch, code }),
    ...(after === null ? {} : startAfter(`${root}/documents/${COLLECTION}`, after)),
    select: { fields: [{ fieldPath: "created" }, { fieldPath: "record" }] },
    limit,
  };
}

/** In the order of lists, so that it needs no index but theirs. */
export function countQuery({ mailbox, batch, code }: CountFilter, state: DraftState): FirestoreQuery {
  return newestFirst(COLLECTION, { state, mailbox, batch, code });
}

/** The longest due first. */
export function dueQuery(beforeMs: number, limit: number): FirestoreQuery {
  return {
    from: [{ collectionId: COLLECTION }],
    where: {
      fieldFilter: {
        field: { fieldPath: "due" },
        op: "LESS_THAN_OR_EQUAL",
        value: { integerValue: String(Math.floor(beforeMs)) },
      },
    },
    orderBy: [{ field: { fieldPath: "due" }, direction: "ASCENDING" }],
    select: { fields: [{ fieldPath: "record" }] },
    limit,
  };
}

/** The newest records to any of these recipients. */
export function recentQuery(recipients: readonly string[], sinceMs: number, limit: number): FirestoreQuery {
  const values = recipients.map((hash) => ({ stringValue: hash }));
  const filters: firestore_v1.Schema$Filter[] = [
    {
      fieldFilter: { field: { fieldPath: "recipients" }, op: "ARRAY_CONTAINS_ANY", value: { arrayValue: { values } } },
    },
    {
      fieldFilter: {
        field: { fieldPath: "created" },
        op: "GREATER_THAN_OR_EQUAL",
        value: { integerValue: String(Math.floor(sinceMs) * 1_000) },
      },
    },
  ];
  return {
    from: [{ collectionId: COLLECTION }],
    where: { compositeFilter: { op: "AND", filters } },
    orderBy: [{ field: { fieldPath: "created" }, direction: "DESCENDING" }],
    select: { fields: [{ fieldPath: "record" }] },
    limit,
  };
}

export function positionOf({ name, fields }: FirestoreDocument): ListPosition {
  const createdUs = fields?.created?.integerValue;
  const documentId = name?.split("/").at(-1);
  if (createdUs && documentId) return { createdUs, documentId };
  throw new LedgerUnavailable("corrupt", "a document without a name or a time of creation");
}

export function cursorAt({ createdUs, documentId }: ListPosition): string {
  return Buffer.from(`f${createdUs}.${documentId}`).toString("base64url");
}

/** @throws CursorInvalid */
export function parseCursor(cursor: string): ListPosition {
  const text = Buffer.from(cursor, "base64url").toString();
  const [, createdUs, documentId] = /^f(\d{1,16})\.([0-9a-f]{64})$/.exec(text) ?? [];
  if (createdUs === undefined || documentId === undefined)
    throw new CursorInvalid("the cursor is not one of this ledger's");
  return { createdUs, documentId };
}

/** The page after a position, of a list in the order of `newestFirst`. */
export function startAfter(
  collection: string,
  { createdUs, documentId }: ListPosition,
): Pick<FirestoreQuery, "startAt"> {
  const values = [{ integerValue: createdUs }, { referenceValue: `${collection}/${documentId}` }];
  return { startAt: { before: false, values } };
}

export function newestFirst(
  collectionId: string,
  filters: Readonly<Record<string, string | undefined>>,
): FirestoreQuery {
  return {
    ...equalTo(collectionId, filters),
    orderBy: [
      { field: { fieldPath: "created" }, direction: "DESCENDING" },
      { field: { fieldPath: "__name__" }, direction: "DESCENDING" },
    ],
  };
}

/** The documents whose fields are what is given. */
export function equalTo(collectionId: string, filters: Readonly<Record<string, string | undefined>>): FirestoreQuery {
  const equalities: firestore_v1.Schema$Filter[] = [];
  for (const [fieldPath, value] of Object.entries(filters)) {
    if (value === undefined) continue;
    equalities.push({ fieldFilter: { field: { fieldPath }, op: "EQUAL", value: { stringValue: value } } });
  }
  return {
    from: [{ collectionId }],
    ...(equalities.length === 0 ? {} : { where: { compositeFilter: { op: "AND", filters: equalities } } }),
  };
}
