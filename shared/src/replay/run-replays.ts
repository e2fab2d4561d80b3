import type { Clock } from "../clock.ts";
import { FAILURE_STATES, type FailureState } from "../contract/draft-record.ts";
import type { Documents } from "../ledger/documents.ts";
import type { Logger } from "../log.ts";
import type { Replay, ReplayProgress } from "./replay.ts";
import type { SkipReason } from "./replay-row.ts";
import { type ReplayRowDeps, replayRow } from "./replay-row.ts";

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
  const open = items.filter(({ state, leaseUntilMs }) => state === "running" && leaseUntilMs <= clock.nowMs());
  return open.map(({ id }) => id).reverse();
}

/** Returns how many requests it has requeued. What the signal interrupts, the next call goes on with. */
export async function runReplay(deps: ReplayDeps, id: string, signal: AbortSignal): Promise<number> {
  const { replays, clock, log, replayLeaseMs } = deps;
  let replayed = 0;
  let replay = await takeLease(deps, id);
  while (replay?.state === "running") {
    const startedMs = clock.monotonicMs();
    const page = await replayPage(deps, replay, signal);
    replayed += page.requeued;
    const isOver = page.progress === "over";
    const isInterrupted = page.progress === "interrupted";
    replay = await replays.update(id, (now, nowMs) => ({
      ...now,
      requeued: now.requeued + page.requeued,
      skipped: sum(now.skipped, page.skipped),
      progress: typeof page.progress === "string" ? now.progress : page.progress,
      state: isOver && now.state === "running" ? "done" : now.state,
      leaseUntilMs: isOver || isInterrupted ? 0 : nowMs + replayLeaseMs,
      finishedAtMs: isOver ? nowMs : now.finishedAtMs,
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

/** Null when it has ended, or somebody else is at it. */
async function takeLease({ replays, replayLeaseMs }: ReplayDeps, id: string): Promise<Replay | null> {
  let isOurs = false;
  const replay = await replays.update(id, (now, nowMs) => {
    isOurs = now.state === "running" && now.leaseUntilMs <= nowMs;
    return isOurs ? { ...now, leaseUntilMs: nowMs + replayLeaseMs } : null;
  });
  return isOurs ? replay : null;
}

interface ReplayedPage {
  readonly requeued: number;
  readonly skipped: Readonly<Partial<Record<SkipReason, number>>>;
  readonly progress: ReplayProgress | "over" | "interrupted";
}

/**
 * The next page of failures. A row that failed after the order was given is another failure, perhaps this replay's own, and is passed over.
 */
async function replayPage(deps: ReplayDeps, replay: Replay, signal: AbortSignal): Promise<ReplayedPage> {
  const { filter, progress } = replay;
  const state = progress?.state ?? filter.state ?? FAILURE_STATES[0];
  const at = progress?.cursor ? { cursor: progress.cursor } : {};
  const { state: _, ...filters } = filter;
  const { items, nextCursor } = await deps.ledger.list({ ...filters, state, limit: PAGE_ROWS, ...at });
  const rows = items.filter(({ updatedAtMs }) => updatedAtMs < replay.createdAtMs);
  let requeued = 0;
  let isInterrupted = false;
  const skipped: Partial<Record<SkipReason, number>> = {};
  const queue = rows.values();
  const worker = async (): Promise<void> => {
    for (const row of queue) {
      if (signal.aborted) {
        isInterrupted = true;
        return;
      }
      if (replay.requeued + requeued >= replay.limit) {
        skipped.limit = (skipped.limit ?? 0) + 1;
        continue;
      }
      requeued += 1;
      const outcome = await replayRow(deps, row);
      if (outcome === "requeued") continue;
      requeued -= 1;
      skipped[outcome] = (skipped[outcome] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: ROWS_AT_ONCE }, worker));
  // What was skipped is met again, and counted then.
  if (isInterrupted) return { requeued, skipped: {}, progress: "interrupted" };
  return { requeued, skipped, progress: following(filter.state, state, nextCursor) };
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
