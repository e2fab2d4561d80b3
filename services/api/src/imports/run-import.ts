import { createHash } from "node:crypto";
import { addDueTimes, addMailboxes, BATCHES, type Batch, newBatch } from "@draftmill/shared/batch/batch.ts";
import { BATCH_WATCHES, newBatchWatch } from "@draftmill/shared/batch/batch-watch.ts";
import { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { publishBatch } from "../batches/publish-batch.ts";
import type { Access } from "../callers/access.ts";
import { IDEMPOTENCY_KEYS, requestIdOfKey } from "../idempotency-key.ts";
import type { SubmitDeps } from "../submit-draft.ts";
import type { FileRows } from "./file-row.ts";
import { ImportChunk } from "./import-chunk.ts";
import { beginReading, READING_LEASES, type Reading } from "./import-lease.ts";
import type { ImportOrder } from "./import-order.ts";
import { ImportReport } from "./import-report.ts";
import { idOfRejectedRows, inParts, REJECTED_ROWS } from "./rejected-rows.ts";
import { rowCheck } from "./row-check.ts";
import { RowsHash } from "./rows-hash.ts";

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
  const leases = deps.ledger.documents(READING_LEASES);
  const beginning = beginReading(leases, { batch: id, holder: deps.newId(), clock: deps.clock });
  try {
    // Together: one after the other each waits for a write of its own.
    const [known, reading] = await Promise.all([
      batches.create(fresh),
      beginning,
      deps.ledger.documents(BATCH_WATCHES).create(newBatchWatch(id, deps.clock.nowMs())),
    ]);
    // As it is under the lease: who had it before may have read on since.
    return await readOn(deps, file, (await batches.get(id)) ?? known ?? fresh, reading);
  } finally {
    // Should this fail, it ends by itself.
    await beginning.then((reading) => reading.end()).catch(() => {});
  }
}

/** Reads the file from where it was left, under the lease. */
async function readOn(deps: SubmitDeps, file: ImportFile, begun: Batch, reading: Reading): Promise<Imported> {
  const { order, access } = file;
  const { id } = begun;
  let batch = begun;
  const before = batch.read ?? NOTHING_READ;
  const report = new ImportReport();
  const hash = new RowsHash();
  const { traceparent } = file;
  const orderingKeys = new OrderingKeys(deps.orderingShards);
  const source = { batch: id, caller: access.caller, traceparent, orderingKeys };
  let chunk = new ImportChunk();
  const write = async (isLast: boolean): Promise<void> => {
    await deps.draftsPerDay.takeAll(access, chunk.accepted.length);
    await publishBatch(deps.publisher, source, chunk.accepted);
    await reading.goOn();
    batch = await noteChunk(deps, batch, chunk, { hash: hash.digest(), isLast });
    chunk = new ImportChunk();
  };
  const check = rowCheck({ order, rules: { ...deps, access }, isTable: file.isTable });
  for await (const some of file.rows) {
    await reading.goOn();
    for (const one of some) {
      const row = check(one);
      // Not as soon as it is full: the last one ends the batch.
      if (chunk.isFull) await write(false);
      report.count(row);
      hash.add(row);
      if (row.row < before.rows) continue;
      if (row.row === before.rows) {
        if (hash.digest() !== before.hash) throw new DraftError("IMPORT_CHANGED", { facts: { row: String(row.row) } });
        continue;
      }
      chunk.add(row);
    }
  }
  if (report.rows < before.rows) throw new DraftError("IMPORT_CHANGED", { facts: { row: String(report.rows) } });
  if (chunk.lastRow > 0) {
    await write(true);
    return { batch, report };
  }
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

/** Counts a chunk once its messages are confirmed. Should this be lost, the chunk is published once more, which does no harm. */
async function noteChunk(
  deps: SubmitDeps,
  batch: Batch,
  chunk: ImportChunk,
  { hash, isLast }: { readonly hash: string; readonly isLast: boolean },
): Promise<Batch> {
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
      sealedAtMs: isLast ? nowMs : now.sealedAtMs,
      updatedAtMs: nowMs,
    };
  });
  if (counted === null || !isOurs) throw new DraftError("IMPORT_UNDER_WAY");
  return counted;
}
