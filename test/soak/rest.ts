import { systemClock } from "@draftmill/shared/clock.ts";
import { isUnpublished } from "@draftmill/shared/ledger/due.ts";
import { allRecords, readBooks } from "../support/books.ts";
import { reckon } from "../support/reckoning.ts";
import type { Stage } from "./stage.ts";

const LOOK_EVERY_MS = 50;
/** Sweeps over records that are due, after which one that is due still will never be looked at. */
const LAST_SWEEPS = 5;

/**
 * Requests that nobody will take up again: open, with no message in the queue and nothing under way, nor as to be
 * published again, nor left to the sweep's first look.
 */
export async function lostNow(stage: Stage): Promise<readonly string[]> {
  if (!(await isQuiet(stage))) return [];
  const open = (await allRecords(stage.ledger)).filter(({ state }) => state === "queued" || state === "processing");
  const stuck = open.filter((record) => !isUnpublished(record) && (!record.tainted || record.looks > 0));
  // Nothing has begun meanwhile that could have been seen half-way.
  return (await isQuiet(stage)) ? stuck.map(({ id }) => id) : [];
}

/** Whether no message is in the queue and no worker at anything. */
export async function isQuiet({ fleet, isQueueEmpty }: Stage): Promise<boolean> {
  return fleet.isAtRest() && (await isQueueEmpty());
}

/**
 * Sweeps until each record that is to be looked at has been, or a sweep does not do it. Of a request with two drafts until
 * it has had its second look too, which is for a worker that was stopped and died at what it did late.
 */
export async function sweepUp(
  stage: Stage,
  {
    accepted,
    isOver,
    patiently,
  }: {
    readonly accepted: readonly string[];
    readonly isOver: () => boolean;
    readonly patiently: <T>(ask: () => Promise<T>) => Promise<T>;
  },
): Promise<void> {
  let sweepsInVain = 0;
  while (!isOver() && sweepsInVain < LAST_SWEEPS) {
    const books = await patiently(() => readBooks(stage.ledger, stage.google));
    const doubled = new Set(reckon({ accepted, ...books }).duplicated);
    const due = books.records.filter(({ id, dueAtMs, looks }) => dueAtMs !== null && (looks === 0 || doubled.has(id)));
    if (due.length === 0) return;
    const isSwept = await stage.sweep();
    if (isSwept && due.every(({ dueAtMs }) => (dueAtMs ?? 0) < Date.now())) sweepsInVain += 1;
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}
