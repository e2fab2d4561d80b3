import { createHash } from "node:crypto";
import { addDueTimes, addMailboxes, BATCHES, type Batch, newBatch } from "@draftmill/shared/batch/batch.ts";
import { BATCH_WATCHES, newBatchWatch } from "@draftmill/shared/batch/batch-watch.ts";
import { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Access } from "../callers/access.ts";
import { IDEMPOTENCY_KEYS, requestIdOfKey } from "../idempotency-key.ts";
import type { SubmitDeps } from "../submit-draft.ts";
import type { FileRows } from "./file-row.ts";
import { ImportChunk } from "./import-chunk.ts";
import { beginReading, READING_LEASES, type Reading } from "./import-lease.ts";
import type { ImportOrder } from "./import-order.ts";
import { ImportReport } from "./import-report.ts";
import { idOfRejectedRows, inParts, REJECTED_ROWS } from "./rejected-rows.ts";
import { type CheckedRow, rowCheck } from "./row-check.ts";

export interface ImportFile {
  readonly order: ImportOrder;
  readonly rows: FileRows;
  readonly isTable: boolean;
  readonly access: Access;
  readonly route: string;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | undefined;
}

export interface Imported {
  readonly batch: Batch;
  readonly report: ImportReport;
}

const NOTHING_READ = { rows: 0, hash: "", parts: 0 };
/** Calls to Pub/Sub at a time; the reading of the file waits for those of its chunk. */
const KEYS_AT_ONCE = 64;

/**
 * Queues each row of a file that fits, as it is read; the others are kept with what is wrong with them. The batch is on record before its
 * first message, and its counts after each chunk. The same file under the same Idempotency-Key goes on where it was cut off; without
 * a key, too, no row makes a second draft. Throws IMPORT_CHANGED when what was read before differs, and IMPORT_UNDER_WAY, with nothing
 * published, while another call reads it.
 */
export async function runImport(deps: SubmitDeps, file: ImportFile): Promise<Imported> {
  const { order, access } = file;
  const batches = deps.ledger.documents(BATCHES);
  const id = await idOfImport(deps, file);
  const what = {
    id,
    name: order.name,
    caller: access.caller,
    source: "file",
    total: 0,
    rejected: 0,
    mailboxes: {},
  } as const;
  const fresh: Batch = { ...newBatch(what, deps.clock.nowMs()), read: NOTHING_READ };
  const batch = (await batches.create(fresh)) ?? fresh;
  await deps.ledger.documents(BATCH_WATCHES).create(newBatchWatch(id, deps.clock.nowMs()));
  const leases = deps.ledger.documents(READING_LEASES);
  const reading = await beginReading(leases, { batch: id, holder: deps.newId(), clock: deps.clock });
  try {
    return await readOn(deps, file, (await batches.get(id)) ?? batch, reading);
  } finally {
    // Should this fail, it ends by itself.
    await reading.end().catch(() => {});
  }
}

/** Reads the file from where it was left, under the lease. */
async function readOn(deps: SubmitDeps, file: ImportFile, begun: Batch, reading: Reading): Promise<Imported> {
  const { order, access } = file;
  const { id } = begun;
  let batch = begun;
  const before = batch.read ?? NOTHING_READ;
  const report = new ImportReport();
  const hash = createHash("sha256");
  const { traceparent } = file;
  const orderingKeys = new OrderingKeys(deps.orderingShards);
  const nextChunk = () => new ImportChunk({ batch: id, caller: access.caller, traceparent, orderingKeys });
  let chunk = nextChunk();
  const write = async (): Promise<void> => {
    await deps.draftsPerDay.takeAll(access, chunk.accepted.length);
    await publish(deps, chunk);
    await reading.goOn();
    batch = await noteChunk(deps, batch, chunk, hash.copy().digest("base64url"));
    chunk = nextChunk();
  };
  const check = rowCheck({ order, rules: { ...deps, access }, isTable: file.isTable });
  for await (const some of file.rows) {
    await reading.goOn();
    for (const one of some) {
      const row = check(one);
      report.count(row);
      hash.update(`${JSON.stringify(fingerprintOf(row))}\n`);
      if (row.row < before.rows) continue;
      if (row.row === before.rows) {
        if (hash.copy().digest("base64url") !== before.hash)
          throw new DraftError("IMPORT_CHANGED", { facts: { row: String(row.row) } });
        continue;
      }
      chunk.add(row);
      if (chunk.isFull) await write();
    }
  }
  if (report.rows < before.rows) throw new DraftError("IMPORT_CHANGED", { facts: { row: String(report.rows) } });
  if (chunk.lastRow > 0) await write();
  const sealed = await deps.ledger
    .documents(BATCHES)
    .update(id, (now, nowMs) => (now.sealedAtMs === null ? { ...now, sealedAtMs: nowMs, updatedAtMs: nowMs } : null));
  return { batch: sealed ?? batch, report };
}

async function idOfImport(
  { ledger, newId, clock }: SubmitDeps,
  { access: { caller }, route, idempotencyKey, order }: ImportFile,
): Promise<string> {
  const requestId = newId();
  if (idempotencyKey === null) return requestId;
  const bodyHash = createHash("sha256").update(JSON.stringify(order)).digest("base64url");
  const use = { caller, route, key: idempotencyKey, bodyHash, requestId };
  return requestIdOfKey(ledger.documents(IDEMPOTENCY_KEYS), use, clock.nowMs());
}

/** What makes a row the same when it comes again. */
function fingerprintOf(row: CheckedRow): unknown {
  switch (row.kind) {
    case "fits":
      return row.id;
    case "repeats":
      return row.first;
    case "fault":
      return row.values;
    default:
      return row satisfies never;
  }
}

/** Those of one ordering key go in one call, which is what most of the memory of an import is for. */
async function publish({ publisher }: SubmitDeps, chunk: ImportChunk): Promise<void> {
  const queue = Map.groupBy(chunk.messages(), ({ orderingKey }, n) => orderingKey ?? n % KEYS_AT_ONCE).values();
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (const ofOneKey of queue) {
      if (failures.length > 0) return;
      await publisher.publishAll(ofOneKey).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: KEYS_AT_ONCE }, worker));
  if (failures.length > 0) throw new DraftError("PUBLISH_UNCONFIRMED", { cause: failures[0], applied: "unknown" });
}

/** Counts a chunk once its messages are confirmed. Should this be lost, the chunk is published once more, which does no harm. */
async function noteChunk(deps: SubmitDeps, batch: Batch, chunk: ImportChunk, hash: string): Promise<Batch> {
  const { ledger, clock } = deps;
  const { accepted, rejected, lastRow } = chunk;
  const documents = ledger.documents(REJECTED_ROWS);
  const first = batch.read?.parts ?? 0;
  const parts = inParts(rejected);
  for (const [n, part] of parts.entries()) {
    const document = { batch: batch.id, part: first + n, rows: part, createdAtMs: clock.nowMs() };
    // One of a process that died holds the same rows.
    if ((await documents.create(document)) !== null) await documents.update(idOfRejectedRows(document), () => document);
  }
  let isOurs = false;
  const counted = await ledger.documents(BATCHES).update(batch.id, (now, nowMs) => {
    // Otherwise somebody else reads the same file under the same key, and would count the same rows.
    isOurs = now.read?.rows === batch.read?.rows;
    if (!isOurs) return null;
    return {
      ...now,
      total: now.total + accepted.length,
      rejected: now.rejected + rejected.length,
      mailboxes: addMailboxes(
        now.mailboxes,
        accepted.map(({ mailbox }) => mailbox),
      ),
      notBefore: addDueTimes(now.notBefore, accepted, now.total === 0),
      read: { rows: lastRow, hash, parts: first + parts.length },
      updatedAtMs: nowMs,
    };
  });
  if (counted === null || !isOurs) throw new DraftError("IMPORT_UNDER_WAY");
  return counted;
}
