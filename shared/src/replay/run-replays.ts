import type { Clock } from "../clock.ts";
import { type DraftRecord, FAILURE_STATES, type FailureState } from "../contract/draft-record.ts";
import type { Documents } from "../ledger/documents.ts";
import type { Logger } from "../log.ts";
import type { Replay, ReplayProgress, SeenRow } from "./replay.ts";
import { type ReplayRowDeps, replayRow, type SkipReason, skipReasonOf } from "./replay-row.ts";

export interface ReplayDeps extends ReplayRowDeps {
  readonly replays: Documents<Replay>;
  readonly clock: Clock;
  readonly log: Logger;
  /** A process that says nothing for so long is gone, and another takes its replay up. */
  readonly replayLeaseMs: number;
}

/** After each page the order is read again: a cancel is seen within a second. */
const PAGE_ROWS = 100;
const ROWS_AT_ONCE = 10;
/** 200 rows a second: Firestore takes 500 writes a second of a cold collection (https://cloud.google.com/firestore/docs/best-practices#ramping_up_traffic), and each row is one, and its claim another. */
const PAGE_AT_LEAST_MS = 500;
/** A page ends after this part of the lease, and is gone on with under a new one: publishes may take their time. */
const PAGE_LEASES = 1 / 2;
const LIST_LIMIT = 100;

/** Carries out the replays that nobody else is at, the oldest first, until the signal aborts. */
export async function runReplays(
  deps: ReplayDeps,
  signal: AbortSignal,
): Promise<{ readonly replayed: number; readonly unfinished: boolean }> {
  let replayed = 0;
  for (const id of await waiting(deps)) {
    if (signal.aborted) return { replayed, unfinished: true };
    replayed += await runReplay(deps, id, signal);
  }
  return { replayed, unfinished: signal.aborted };
}

async function waiting({ replays, clock }: ReplayDeps): Promise<readonly string[]> {
  const { items } = await replays.list(LIST_LIMIT);
  return items
    .filter((replay) => isOpen(replay, clock.nowMs()))
    .map(({ id }) => id)
    .reverse();
}

/** There is something to do, if only to tell what a process that died got done before the order was canceled. */
function isOpen({ state, takingUp, leaseUntilMs }: Replay, nowMs: number): boolean {
  return (state === "running" || takingUp.length > 0) && leaseUntilMs <= nowMs;
}

/** Returns how many requests it has requeued. What the signal interrupts, the next call goes on with. */
export async function runReplay(deps: ReplayDeps, id: string, signal: AbortSignal): Promise<number> {
  const { clock, log } = deps;
  let replayed = 0;
  let replay = await takeLease(deps, id);
  if (replay !== null && replay.takingUp.length > 0) replay = await countLeftover(deps, replay);
  while (replay?.state === "running") {
    const startedMs = clock.monotonicMs();
    const { rows, next } = await nextRows(deps, replay);
    const takingUp = rows.filter((row) => skipReasonOf(row) === null).map(seen);
    const begun: Replay | null = takingUp.length === 0 ? replay : await writeHeld(deps, replay, () => ({ takingUp }));
    if (begun === null) break;
    const page = await replayRows(deps, begun, rows, signal);
    replayed += page.requeued;
    const isOver = page.isComplete && next === "over";
    const isInterrupted = signal.aborted && !page.isComplete;
    replay = await writeHeld(deps, begun, (now, nowMs) => ({
      requeued: now.requeued + page.requeued,
      skipped: sum(now.skipped, page.skipped),
      progress: page.isComplete && next !== "over" ? next : now.progress,
      takingUp: [],
      ...(isOver && now.state === "running" ? { state: "done", finishedAtMs: nowMs } : {}),
      ...(isOver || isInterrupted ? { leaseUntilMs: 0 } : {}),
    }));
    if (isOver || isInterrupted) break;
    const leftMs = PAGE_AT_LEAST_MS - (clock.monotonicMs() - startedMs);
    if (leftMs > 0 && page.requeued > 0) await clock.sleep(leftMs, signal).catch(() => {});
  }
  if (replay !== null && replay.state !== "running") {
    const { requeued, skipped, state } = replay;
    log.info({ replay: id, state, requeued, skipped }, "replay.finished");
  }
  return replayed;
}

/** Null when there is nothing to do, or somebody else is at it. */
async function takeLease({ replays, replayLeaseMs }: ReplayDeps, id: string): Promise<Replay | null> {
  let isOurs = false;
  const replay = await replays.update(id, (now, nowMs) => {
    isOurs = isOpen(now, nowMs);
    return isOurs ? { ...now, leaseUntilMs: nowMs + replayLeaseMs } : null;
  });
  return isOurs ? replay : null;
}

/** Renews the lease with what changes. Null when another process has it by now: it goes on from what was written before. */
async function writeHeld(
  { replays, replayLeaseMs }: ReplayDeps,
  held: Replay,
  change: (now: Replay, nowMs: number) => Partial<Replay>,
): Promise<Replay | null> {
  let isOurs = false;
  const written = await replays.update(held.id, (now, nowMs) => {
    isOurs = now.leaseUntilMs === held.leaseUntilMs;
    return isOurs ? { ...now, leaseUntilMs: nowMs + replayLeaseMs, ...change(now, nowMs) } : null;
  });
  return isOurs ? written : null;
}

/**
 * Counts what a process that died in the midst of a page had requeued; the rest of the page is listed once more. What
 * another replay has taken up meanwhile is that one's.
 */
async function countLeftover(deps: ReplayDeps, held: Replay): Promise<Replay | null> {
  let requeued = 0;
  for (const { id, generation } of held.takingUp) {
    const record = await deps.ledger.get(id);
    if (record !== null && record.generation > generation && record.replayedBy === held.id) requeued += 1;
  }
  return writeHeld(deps, held, (now) => ({
    requeued: now.requeued + requeued,
    takingUp: [],
    ...(now.state === "running" ? {} : { leaseUntilMs: 0 }),
  }));
}

/**
 * The next page of failures, and where the one after it begins. A row that failed after the order was given is another
 * failure, perhaps this replay's own, and is passed over.
 */
async function nextRows(
  { ledger }: ReplayDeps,
  { filter, progress, createdAtMs }: Replay,
): Promise<{ rows: readonly DraftRecord[]; next: ReplayProgress | "over" }> {
  const { state: only, ...filters } = filter;
  const state = progress?.state ?? only ?? FAILURE_STATES[0];
  const at = progress?.cursor ? { cursor: progress.cursor } : {};
  const { items, nextCursor } = await ledger.list({ ...filters, state, limit: PAGE_ROWS, ...at });
  const rows = items.filter(({ updatedAtMs }) => updatedAtMs < createdAtMs);
  return { rows, next: following(only, state, nextCursor) };
}

function seen({ id, generation }: DraftRecord): SeenRow {
  return { id, generation };
}

interface ReplayedPage {
  readonly requeued: number;
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  /** False when the signal or the lease has cut it short: what is left of it is listed once more. */
  readonly isComplete: boolean;
}

async function replayRows(
  deps: ReplayDeps,
  { id, requeued: before, limit }: Replay,
  rows: readonly DraftRecord[],
  signal: AbortSignal,
): Promise<ReplayedPage> {
  const { clock, replayLeaseMs } = deps;
  const startedMs = clock.monotonicMs();
  let requeued = 0;
  let isComplete = true;
  const skipped: Partial<Record<SkipReason, number>> = {};
  const skip = (reason: SkipReason): void => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };
  const queue = rows.values();
  const worker = async (): Promise<void> => {
    for (const row of queue) {
      if (signal.aborted || clock.monotonicMs() - startedMs > replayLeaseMs * PAGE_LEASES) {
        isComplete = false;
        return;
      }
      const reason = skipReasonOf(row) ?? (before + requeued < limit ? null : "limit");
      if (reason !== null) {
        skip(reason);
        continue;
      }
      // Before it is done, so that all at once do not exceed the limit.
      requeued += 1;
      const done = await replayRow(deps, row, id);
      if (done === "requeued") continue;
      requeued -= 1;
      skip(done);
    }
  };
  await Promise.all(Array.from({ length: ROWS_AT_ONCE }, worker));
  // What was skipped is met again, and counted then.
  return { requeued, skipped: isComplete ? skipped : {}, isComplete };
}

function following(
  only: FailureState | undefined,
  state: FailureState,
  cursor: string | null,
): ReplayProgress | "over" {
  if (cursor !== null) return { state, cursor };
  const next = only === undefined ? FAILURE_STATES[FAILURE_STATES.indexOf(state) + 1] : undefined;
  return next === undefined ? "over" : { state: next, cursor: null };
}

function sum(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const total = { ...a };
  for (const [reason, count] of Object.entries(b)) total[reason] = (total[reason] ?? 0) + count;
  return total;
}
