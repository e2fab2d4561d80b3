import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { type Memory, withMeasuredApi } from "./measured-api.ts";

/** A batch whose results are read: how many requests, of which one in so many has failed, with a body of so many characters. */
export interface BatchShape {
  readonly rows: number;
  readonly failedEach: number;
  readonly bodyLength: number;
}

export interface ResultsMemory extends Memory {
  readonly rows: number;
  readonly format: "csv" | "ndjson";
  /** How many bytes a second its reader takes; null: as many as come. */
  readonly bytesPerSecond: number | null;
  readonly bytes: number;
}

export interface Reading {
  readonly format: "csv" | "ndjson";
  readonly bytesPerSecond: number | null;
}

const MAILBOXES = 20;
const AT_ONCE = 256;
const WARM_UP: BatchShape = { rows: 1_000, failedEach: 10, bodyLength: 500 };

/** Has an api of its own tell the results of a batch to readers, one after the other, and looks at its memory all the while. */
export function resultsMemory(shape: BatchShape, readings: readonly Reading[]): Promise<readonly ResultsMemory[]> {
  return withMeasuredApi(async ({ url, ledgerUrl, settle, measure }) => {
    await fill(ledgerUrl, "warm-up", WARM_UP);
    await fill(ledgerUrl, "results", shape);
    for (const format of ["csv", "ndjson"] as const)
      await read(url, "warm-up", WARM_UP.rows, { format, bytesPerSecond: null });
    await settle();
    const memories: ResultsMemory[] = [];
    for (const reading of readings) {
      const { result: bytes, ...memory } = await measure(() => read(url, "results", shape.rows, reading));
      memories.push({ rows: shape.rows, ...reading, bytes, ...memory });
    }
    return memories;
  });
}

async function fill(ledgerUrl: string, batch: string, shape: BatchShape): Promise<void> {
  const store = await openLedger(ledgerUrl, { clock: systemClock });
  try {
    const ledger = new DraftLedger(store, { clock: systemClock });
    const nowMs = systemClock.nowMs();
    const what = { id: batch, name: null, caller: null, source: "file", total: shape.rows, rejected: 0 } as const;
    await ledger.documents(BATCHES).create(newBatch({ ...what, mailboxes: {} }, nowMs));
    for (let first = 0; first < shape.rows; first += AT_ONCE) {
      const count = Math.min(AT_ONCE, shape.rows - first);
      await Promise.all(
        Array.from({ length: count }, (_, n) => ledger.accept(recordOf(batch, first + n, shape, nowMs))),
      );
    }
  } finally {
    await store.close();
  }
}

/** As a row of an import leaves it. */
function recordOf(batch: string, n: number, { failedEach, bodyLength }: BatchShape, nowMs: number): DraftRecord {
  const request = {
    id: `r-${batch}-${n}`,
    mailbox: `m${n % MAILBOXES}@example.com`,
    to: [`prospect${n}@prospects.example`],
    subject: `A word on the plan of customer ${n}`,
    bodyHash: "n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg",
    batch,
    metadata: { crmId: `003${String(n).padStart(15, "0")}`, campaign: "spring" },
  };
  const record = { ...newDraftRecord(request, nowMs), dueAtMs: null, claims: 1, fence: 1, tainted: true };
  const number = String(n).padStart(16, "0");
  if (n % failedEach > 0) {
    return { ...record, state: "created", draftId: `r${number}`, messageId: number, threadId: number };
  }
  const problem = { code: "RECIPIENT_REJECTED", detail: "Gmail refuses an address", remedy: "Ask.", retryable: false };
  return { ...record, state: "failed", problem, body: JSON.stringify({ message: "m".repeat(bodyLength) }) };
}

/** Resolves with how many bytes there were. Throws when a line is missing. */
async function read(url: string, batch: string, rows: number, { format, bytesPerSecond }: Reading): Promise<number> {
  const answer = await fetch(`${url}/v1/batches/${batch}/results?format=${format}`);
  if (answer.status !== 200 || answer.body === null) throw new Error(`no results: ${answer.status}`);
  const startedMs = performance.now();
  let bytes = 0;
  let lines = 0;
  for await (const piece of answer.body) {
    bytes += piece.length;
    for (const byte of piece) if (byte === 10) lines += 1;
    if (bytesPerSecond === null) continue;
    const aheadMs = (bytes / bytesPerSecond) * 1_000 - (performance.now() - startedMs);
    if (aheadMs > 0) await systemClock.sleep(aheadMs);
  }
  const header = format === "csv" ? 1 : 0;
  if (lines !== rows + header) throw new Error(`${lines} lines of ${rows} rows`);
  return bytes;
}
