import { createHash } from "node:crypto";
import { addDueTimes, addMailboxes, BATCHES, type Batch, newBatch } from "@draftmill/shared/batch/batch.ts";
import { BATCH_WATCHES, newBatchWatch } from "@draftmill/shared/batch/batch-watch.ts";
import { withTime } from "@draftmill/shared/contract/draft-request.ts";
import { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import { DraftError, type FieldProblem } from "@draftmill/shared/errors.ts";
import type { Access } from "../callers/access.ts";
import { IDEMPOTENCY_KEYS, requestIdOfKey } from "../idempotency-key.ts";
import type { SubmitDeps } from "../submit-draft.ts";
import { publishBatch } from "./publish-batch.ts";
import type { ReadBatch, Reading } from "./read-batch.ts";
import { idOfItem, type ReadItem } from "./read-items.ts";

export interface BatchSubmission {
  readonly read: ReadBatch;
  readonly access: Access;
  readonly route: string;
  readonly idempotencyKey: string | null;
  readonly traceparent: string | undefined;
}

/** What became of one item, in the order of the batch. */
export type ItemResult =
  | { readonly index: number; readonly id: string; readonly repeats?: number }
  | { readonly index: number; readonly errors: readonly FieldProblem[] };

export interface SubmittedBatch {
  readonly batch: Batch;
  readonly results: readonly ItemResult[];
  /** The key was known already. */
  readonly replayed: boolean;
}

/** So many faults are told; an answer with more is for no reader. */
const FAULTS_MAX = 10_000;

/**
 * Accepts a batch: when this resolves, the batch is on record and Pub/Sub holds the message of each item that fits. Throws
 * BATCH_INVALID, with nothing queued, when an item of a strict batch is at fault, or each of a permissive one;
 * PUBLISH_UNCONFIRMED leaves open which items were queued, and the same call with the same Idempotency-Key is then safe.
 */
export async function submitBatch(deps: SubmitDeps, submission: BatchSubmission): Promise<SubmittedBatch> {
  const { read, access } = submission;
  const { readings } = read;
  const faults = readings.flatMap((reading) => (reading.kind === "fault" ? reading.errors : []));
  const items = readings.flatMap((reading) => (reading.kind === "fits" ? [reading.item] : []));
  if (faults.length > 0 && (read.mode === "strict" || items.length === 0)) throw invalidBatch(faults);
  const id = await idOfBatch(deps, submission, items);
  const ids: Ids = new Map(items.map((item) => [item, idOfItem(id, item)]));
  const candidate = newBatch(
    {
      id,
      name: read.name,
      caller: access.caller,
      source: "items",
      total: items.length,
      rejected: readings.filter(({ kind }) => kind === "fault").length,
      mailboxes: addMailboxes(
        {},
        items.map(({ mailbox }) => mailbox),
      ),
      notBefore: addDueTimes(null, items, true),
    },
    deps.clock.nowMs(),
  );
  const batches = deps.ledger.documents(BATCHES);
  const known = await batches.get(id);
  if (known === null) await deps.draftsPerDay.takeAll(access, items.length);
  // Known and not sealed: the call before died, or was never confirmed. A second message does no harm.
  if (known === null || known.sealedAtMs === null) {
    // Before the batch is sealed, as the sweep looks for the end of no other.
    const watch = newBatchWatch(id, deps.clock.nowMs());
    await Promise.all([
      known === null ? batches.create(candidate) : known,
      deps.ledger.documents(BATCH_WATCHES).create(watch),
    ]);
    const { traceparent } = submission;
    const orderingKeys = new OrderingKeys(deps.orderingShards);
    await publishBatch(
      deps.publisher,
      { batch: id, caller: access.caller, traceparent, orderingKeys },
      Array.from(ids, ([{ json, mailbox }, itemId]) => ({ id: itemId, mailbox, json })),
    );
  }
  const sealed = await batches.update(id, (batch, nowMs) =>
    batch.sealedAtMs === null ? { ...batch, sealedAtMs: nowMs, updatedAtMs: nowMs } : null,
  );
  return { batch: sealed ?? candidate, results: readings.map((one) => resultOf(ids, one)), replayed: known !== null };
}

/** Under which id each item is known, in their order. */
type Ids = ReadonlyMap<ReadItem, string>;

function invalidBatch(faults: readonly FieldProblem[]): DraftError {
  const items = new Set(faults.map(({ index }) => index)).size;
  return new DraftError("BATCH_INVALID", {
    reason: `${items} of the items ${items === 1 ? "is" : "are"} at fault`,
    fields: faults.slice(0, FAULTS_MAX),
  });
}

function idIn(ids: Ids, item: ReadItem): string {
  const id = ids.get(item);
  if (id === undefined) throw new DraftError("INTERNAL", { reason: `item ${item.index} fits and has no id` });
  return id;
}

function resultOf(ids: Ids, reading: Reading): ItemResult {
  switch (reading.kind) {
    case "fits":
      return { index: reading.item.index, id: idIn(ids, reading.item) };
    case "repeats":
      return { index: reading.index, id: idIn(ids, reading.first), repeats: reading.first.index };
    case "fault":
      return { index: reading.index, errors: reading.errors };
    default:
      return reading satisfies never;
  }
}

/** Batches without it would all pass for the same one under a key. */
function callOf({ index, content, notBeforeMs }: ReadItem): string {
  if (content === null)
    throw new DraftError("INTERNAL", { reason: `item ${index} was read as of a batch without a key` });
  return withTime(content, notBeforeMs);
}

async function idOfBatch(
  { ledger, newId, clock }: SubmitDeps,
  { access: { caller }, route, idempotencyKey, read }: BatchSubmission,
  items: readonly ReadItem[],
): Promise<string> {
  const requestId = newId();
  if (idempotencyKey === null) return requestId;
  const hash = createHash("sha256").update(JSON.stringify([read.mode, read.name, items.map(callOf)]));
  const use = { caller, route, key: idempotencyKey, bodyHash: hash.digest("base64url"), requestId };
  return requestIdOfKey(ledger.documents(IDEMPOTENCY_KEYS), use, clock.nowMs());
}
