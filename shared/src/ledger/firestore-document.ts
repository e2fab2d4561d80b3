import { createHash } from "node:crypto";
import type { firestore_v1 } from "googleapis/build/src/apis/firestore/index.js";
import type { DraftRecord } from "../contract/draft-record.ts";
import type { FirestoreDocument } from "./firestore-client.ts";
import { LedgerUnavailable, type Stored } from "./ledger.ts";
import { recipientHashes } from "./recipients.ts";

/**
 * How a record lies in Firestore: whole, as JSON, in one field without an index, and beside it what lists look for.
 *
 * - `state`, `mailbox`, `batch`, `code`: filters; the last two are left out where the record has none, `state` where it counts as absent
 * - `recipients`: hashes of whom it is to, for `recentTo`
 * - `due`: when the sweep has to look at it, milliseconds since the epoch; left out when never
 * - `created`: the order of lists, microseconds since the epoch by the creator's clock, never twice from one process
 * - `expireAt`: for Firestore's time to live
 * - `write`: tells every write from every other. A write that changes nothing keeps the document's updateTime
 *   (https://cloud.google.com/firestore/docs/reference/rest/v1/WriteResult), and several swaps could then succeed on it.
 */
export type Fields = Record<string, firestore_v1.Schema$Value>;

/** The fields that a swap replaces; the others stay as they were created. */
export const SWAPPED_FIELDS = ["state", "code", "due", "expireAt", "record", "write"];

/** Of the 1 MiB that a document may have (https://cloud.google.com/firestore/quotas), some is for the other fields. */
const RECORD_MAX_BYTES = 1_000_000;

/** Ids spread evenly, whatever the requests' own ids have in common: no range of them becomes hot. */
export function documentIdOf(requestId: string): string {
  return createHash("sha256").update(requestId).digest("hex");
}

export function swappedFieldsOf(record: DraftRecord, write: string): Fields {
  const code = record.problem?.code;
  // One that is written as absent is in no count, for which Firestore would not look at its end.
  const isAbsent = record.expireAtMs <= record.updatedAtMs;
  return {
    ...(isAbsent ? {} : { state: { stringValue: record.state } }),
    ...(code === undefined ? {} : { code: { stringValue: code } }),
    ...(record.dueAtMs === null ? {} : { due: { integerValue: String(Math.ceil(record.dueAtMs)) } }),
    expireAt: { timestampValue: new Date(record.expireAtMs).toISOString() },
    record: { stringValue: jsonOf(record) },
    write: { stringValue: write },
  };
}

export function createdFieldsOf(record: DraftRecord, write: string, createdUs: number): Fields {
  return {
    ...swappedFieldsOf(record, write),
    mailbox: { stringValue: record.mailbox },
    recipients: { arrayValue: { values: recipientHashes(record).map((hash) => ({ stringValue: hash })) } },
    ...(record.batch === null ? {} : { batch: { stringValue: record.batch } }),
    created: { integerValue: String(createdUs) },
  };
}

/**
 * The record of a document. Its lease began, by the server's clock, with the last write: every change of a record in
 * `processing` is a claim, and were it not, a lease that seems younger than it is does no harm.
 */
export function recordOf({ name, fields, updateTime }: FirestoreDocument): DraftRecord {
  let record: DraftRecord;
  try {
    // The collection is ours alone, so a record that parses is a record.
    record = JSON.parse(fields?.record?.stringValue ?? "");
  } catch {
    throw new LedgerUnavailable("corrupt", `document ${name?.split("/").at(-1)} holds no record`);
  }
  // One of an older version knows no time that it waits for.
  record = { ...record, notBeforeMs: record.notBeforeMs ?? null };
  return record.claimedAtMs === null ? record : { ...record, claimedAtMs: Date.parse(updateTime ?? "") };
}

/** Null for a document that has expired at the time of the read. */
export function storedOf(document: FirestoreDocument, readTime: string): Stored | null {
  const record = recordOf(document);
  const nowMs = Date.parse(readTime);
  if (record.expireAtMs <= nowMs) return null;
  return { record, revision: revisionOf(document.updateTime ?? "", record), nowMs };
}

/** Which write made the document what it is. */
export function writeOf(document: FirestoreDocument): string | null {
  return document.fields?.write?.stringValue ?? null;
}

/** The document's updateTime, and the record's end, which a swap must know without reading. */
export function revisionOf(updateTime: string, { expireAtMs }: Pick<DraftRecord, "expireAtMs">): string {
  return `${updateTime}/${expireAtMs}`;
}

/** Null for what `revisionOf` did not make: Firestore refuses a precondition that is no timestamp. */
export function parseRevision(revision: string): { readonly updateTime: string; readonly expireAtMs: number } | null {
  const [, updateTime, expireAt] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)\/(\d{1,16})$/.exec(revision) ?? [];
  if (updateTime === undefined || Number.isNaN(Date.parse(updateTime))) return null;
  return { updateTime, expireAtMs: Number(expireAt) };
}

/** Without the request's body where that makes it too large: a failure must be recorded, and its dead letter has the body. */
function jsonOf(record: DraftRecord): string {
  const json = JSON.stringify(record);
  if (Buffer.byteLength(json) <= RECORD_MAX_BYTES) return json;
  return JSON.stringify({ ...record, body: null });
}
