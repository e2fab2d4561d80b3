import { type DraftRecord, type FailureState, RECORD_TTL_MS } from "../contract/draft-record.ts";
import type { DocumentKind } from "../ledger/documents.ts";

/** Which failures a replay is for: those that fit all that is given. */
export interface ReplayFilter {
  readonly state?: FailureState;
  readonly code?: string;
  readonly mailbox?: string;
  readonly batch?: string;
}

/**
 * An order to take failed requests up again, carried out by the services until every request that fits and failed before
 * the order was given has been requeued or skipped. All times are milliseconds since the epoch.
 */
export interface Replay {
  readonly id: string;
  readonly filter: ReplayFilter;
  /** At most so many are requeued. */
  readonly limit: number;
  readonly state: "running" | "done" | "canceled";
  /** Who asked for it; null for an incident that is over. */
  readonly caller: string | null;
  readonly createdAtMs: number;
  readonly requeued: number;
  /** How many were left as they are, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
  /** Until when the process that carries it out has it to itself; another takes it up afterwards. */
  readonly leaseUntilMs: number;
  /** Up to where the failures have been gone through; null at the beginning. */
  readonly progress: ReplayProgress | null;
  /** What is being taken up now, as it was before: of a process that died at it the next one tells what it got done. */
  readonly takingUp: readonly SeenRow[];
  readonly finishedAtMs: number | null;
}

/** A failed request as a replay has met it. Taken up once more, it has a later generation. */
export type SeenRow = Pick<DraftRecord, "id" | "generation">;

/** The state whose records are being gone through, and the cursor of the next page. */
export interface ReplayProgress {
  readonly state: FailureState;
  readonly cursor: string | null;
}

export type NewReplay = Pick<Replay, "id" | "filter" | "limit" | "caller">;

export function newReplay(order: NewReplay, nowMs: number): Replay {
  return {
    ...order,
    state: "running",
    createdAtMs: nowMs,
    requeued: 0,
    skipped: {},
    leaseUntilMs: 0,
    progress: null,
    takingUp: [],
    finishedAtMs: null,
  };
}

export const REPLAYS: DocumentKind<Replay> = {
  name: "replay",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as Replay,
  idOf: ({ id }) => id,
  expireAtMsOf: ({ createdAtMs }) => createdAtMs + RECORD_TTL_MS,
};
