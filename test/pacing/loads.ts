import type { SimulatedRequest } from "./simulate.ts";

/** As many requests as told, over as many mailboxes in turn, all of one batch and published at once. */
export function batchOf(drafts: number, mailboxes: number): readonly SimulatedRequest[] {
  return Array.from({ length: drafts }, (_, index) => ({
    id: `row-${index}`,
    mailbox: `user${index % mailboxes}@example.com`,
    line: "batch import",
  }));
}

export const SMALL_MAILBOXES = 99;

/** 9,000 rows for one mailbox, and behind them 1,000 for 99 others. */
export function oneLargeManySmall(): readonly SimulatedRequest[] {
  const small = Array.from({ length: 1_000 }, (_, index) => ({
    id: `small-${index}`,
    mailbox: `small${index % SMALL_MAILBOXES}@example.com`,
    line: "batch import",
  }));
  return [...batchOf(9_000, 1), ...small];
}

export const isSmall = ({ id }: SimulatedRequest): boolean => id.startsWith("small-");
export const isAlone = ({ id }: SimulatedRequest): boolean => id.startsWith("alone-");

export interface AloneOptions {
  readonly count: number;
  readonly everyMs: number;
  /** Whose mailbox; each one's own unless given. */
  readonly mailbox?: string;
}

/** Those that come in the ten seconds that a hundred drafts for each of a hundred mailboxes take. */
export const aloneAtStart = (): readonly SimulatedRequest[] => aloneOnes({ count: 40, everyMs: 250 });

/** Requests that come alone, one after the other, each to a mailbox that nobody else uses. */
export function aloneOnes({ count, everyMs, mailbox }: AloneOptions): readonly SimulatedRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `alone-${index}`,
    mailbox: mailbox ?? `alone${index}@example.com`,
    line: null,
    atMs: (index + 1) * everyMs,
    // In a mailbox of its own a request has a key of its own. In a busy one it shall show the limiter's part alone.
    isUnkeyed: true,
  }));
}
