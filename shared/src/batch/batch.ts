import { hash } from "node:crypto";
import { RECORD_TTL_MS } from "../contract/draft-record.ts";
import type { DocumentKind } from "../ledger/documents.ts";

/** What an operator has said of a batch: `open` lets its requests be made, `paused` sets them aside, `canceled` ends them. */
export const BATCH_CONTROLS = ["open", "paused", "canceled"] as const;
export type BatchControl = (typeof BATCH_CONTROLS)[number];

/**
 * Many requests that were handed in together. Its requests are put on record by their first claim, not by the batch: so what is
 * in no state yet is `total` less what the ledger counts. All times are milliseconds since the epoch.
 */
export interface Batch {
  readonly id: string;
  /** What its sender calls it. */
  readonly name: string | null;
  readonly caller: string | null;
  /** `items`: one JSON body; `file`: rows of a file. */
  readonly source: "items" | "file";
  readonly control: BatchControl;
  /** Requests that are published, or are about to be. */
  readonly total: number;
  /** Requests that were refused, and are in no queue. */
  readonly rejected: number;
  /** The requests of each mailbox; of more than `BATCH_MAILBOXES_MAX` the rest is not told apart. */
  readonly mailboxes: Readonly<Record<string, number>>;
  /** When the last of its messages was confirmed; null while some may be missing. */
  readonly sealedAtMs: number | null;
  /** When each of its requests was first found to have ended; a replay of one does not take that back. */
  readonly completedAtMs: number | null;
  /** Since when it is paused; null while it is not. */
  readonly pausedAtMs: number | null;
  /** How long it was paused before that. */
  readonly pausedMs: number;
  /** Between which times its requests become due; null where each is at once. */
  readonly notBefore: DueTimes | null;
  /** How far its file has been read: rows, a hash of them, and the parts in which rows at fault are kept. Null for `items`. */
  readonly read: { readonly rows: number; readonly hash: string; readonly parts: number } | null;
  /** The taking back of its drafts; null when nobody has asked for it. */
  readonly undo: BatchUndo | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** How far taking back has come. */
export interface BatchUndo {
  readonly askedAtMs: number;
  readonly deleted: number;
  /** Drafts that somebody has worked on. They stay. */
  readonly keptEdited: number;
  /** Drafts that were sent or thrown away before. */
  readonly gone: number;
  readonly finishedAtMs: number | null;
}

/** `firstMs`: 0 where one of them is due at once. */
export interface DueTimes {
  readonly firstMs: number;
  readonly lastMs: number;
}

export type NewBatch = Pick<Batch, "id" | "name" | "caller" | "source" | "total" | "rejected" | "mailboxes"> &
  Partial<Pick<Batch, "notBefore">>;

/** A document holds a megabyte at most; this many addresses are a quarter of it. */
export const BATCH_MAILBOXES_MAX = 1_000;

export function newBatch(batch: NewBatch, nowMs: number): Batch {
  return {
    notBefore: null,
    ...batch,
    control: "open",
    sealedAtMs: null,
    completedAtMs: null,
    pausedAtMs: null,
    pausedMs: 0,
    read: null,
    undo: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
}

const ADDED_LATER = { completedAtMs: null, pausedAtMs: null, pausedMs: 0, notBefore: null } as const;

export const BATCHES: DocumentKind<Batch> = {
  name: "batch",
  // The store is ours alone: what parses as JSON there is what was written, by an older version with some of it missing.
  parse: (value) => ({ ...ADDED_LATER, ...(value as Batch) }),
  idOf: ({ id }) => id,
  expireAtMsOf: ({ updatedAtMs }) => updatedAtMs + RECORD_TTL_MS,
};

/** Counts a request for each mailbox that is named, up to the most that a batch tells apart. */
export function addMailboxes(
  known: Readonly<Record<string, number>>,
  mailboxes: readonly string[],
): Readonly<Record<string, number>> {
  const counts = new Map(Object.entries(known));
  for (const mailbox of mailboxes) {
    const count = counts.get(mailbox);
    if (count !== undefined || counts.size < BATCH_MAILBOXES_MAX) counts.set(mailbox, (count ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

/** The times that are known, with those of more requests. `isFirst`: there was none before. */
export function addDueTimes(
  known: DueTimes | null,
  requests: readonly { readonly notBeforeMs: number | null }[],
  isFirst: boolean,
): DueTimes | null {
  const times = requests.map(({ notBeforeMs }) => notBeforeMs ?? 0);
  if (known !== null) times.push(known.firstMs, known.lastMs);
  else if (!isFirst) times.push(0);
  const lastMs = times.reduce((so, ms) => Math.max(so, ms), 0);
  return lastMs === 0 ? null : { firstMs: times.reduce((so, ms) => Math.min(so, ms), lastMs), lastMs };
}

/** The id of a batch's request that has no key of its own: the same each time the batch is handed in. */
export function idInBatch(batch: string, index: number): string {
  return `r-${hash("sha256", JSON.stringify([batch, index]), "base64url")}`;
}

/**
 * Under which id a batch keeps that one of its requests is another's: with the same key, so that it makes no draft of its own and
 * would otherwise be missed in its counts.
 */
export function idOfRepetition(batch: string, requestId: string): string {
  return `t-${hash("sha256", JSON.stringify([batch, requestId]), "base64url")}`;
}
