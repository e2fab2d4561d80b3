import type { DraftRecord, DraftState, FailureState } from "../contract/draft-record.ts";
import type { DocumentStore } from "./document-store.ts";

/**
 * What a store does for the ledger: it keeps records and compares revisions. It decides nothing; `decide.ts` does.
 *
 * Every driver promises:
 * - **Atomic.** A write happens whole or not at all. Of any number of `create` with one id, or of `cas` with one
 *   revision, from any number of processes, at most one succeeds.
 * - **Durable.** A write that has been answered survives the loss of the process and of power.
 * - **Read your writes.** `get` after an answered write sees it, in this process and in every other. `list` and `count`
 *   do so too.
 * - **Bounded.** Every call but `watch` settles within ten seconds.
 * - **One error.** Whatever is wrong with the store is a `LedgerUnavailable`. A write that ends so may have happened
 *   all the same: read before trusting either.
 * - **Expiry.** A record whose `expireAtMs` has come is absent for every method, whenever it is removed in fact.
 * - **Whole.** A record comes back as it was written, save that a body which makes it larger
 *   than 1 MB may be gone.
 * - **One clock.** `Stored.nowMs` and `record.claimedAtMs` come from one clock. What a writer puts into `claimedAtMs` is
 *   provisional: a store with writers on several machines puts its own time of the write in its place.
 */
export interface Ledger extends DocumentStore {
  /** Writes a record if there is none of its id; otherwise answers with what is there. */
  create(record: DraftRecord): Promise<CreateResult>;
  get(id: string): Promise<Stored | null>;
  /**
   * Replaces the record if nobody has written it since `revision` was read. Never brings an absent one back. The
   * record's `id`, `mailbox` and `batch` are those it was created with; a driver need not store them again.
   */
  cas(id: string, revision: string, record: DraftRecord): Promise<CasResult>;
  /**
   * A page of records that fit all given filters, newest first by their creation. Pages that are read one after the
   * other show every record once that fits throughout, whatever is added meanwhile.
   * @throws CursorInvalid when `cursor` did not come from this store's `nextCursor`.
   */
  list(query: ListQuery): Promise<Page>;
  /**
   * Records whose `dueAtMs` is `beforeMs` or earlier, the longest due first, at most `limit` (1 to 1,000).
   * Whoever handles them writes them, which moves or clears `dueAtMs`.
   */
  due(beforeMs: number, limit: number): Promise<readonly DraftRecord[]>;
  /**
   * Of each recipient, at most `RECIPIENTS_ASKED_MAX` of them and by their `recipientHash`, the newest records that were created since
   * then, at most `RECENT_OF_ONE_MAX`; each record once, in any order. Reads no others.
   */
  recentTo(recipients: readonly string[], sinceMs: number): Promise<readonly DraftRecord[]>;
  /**
   * What failed, is parked or is dead, counted by code, mailbox and state, in that order of their values; at most `limit` groups (1 to
   * 1,000), and as many as there is time for. Reads as many entries as there are groups, not records; as exact as `count`.
   */
  failureGroups(filter: FailureFilter, limit: number): Promise<FailureGroups>;
  /** Exact in a store at rest, save that a record may still be counted for up to three days after it has expired. */
  count(filter: CountFilter): Promise<StateCounts>;
  /**
   * The record as it is, or as soon as there is one, then as it is after each change, whoever made it. Changes that
   * follow fast may be seen as one; the last is never missed. Ends when the signal aborts or the ledger closes.
   */
  watch(id: string, signal: AbortSignal): AsyncIterable<Stored>;
  /** Waits for writes under way, ends every `watch`; calls that come later are refused. May be called twice. */
  close(): Promise<void>;
}

/** A record as read. */
export interface Stored {
  readonly record: DraftRecord;
  /** Opaque; never the same for two writes, not even after a record has expired and its id is used again. */
  readonly revision: string;
  /** The store's clock at the read, in milliseconds since the epoch. */
  readonly nowMs: number;
}

export type CreateResult =
  | { readonly created: true; readonly revision: string }
  | { readonly created: false; readonly stored: Stored };

export type CasResult = { readonly swapped: true; readonly revision: string } | { readonly swapped: false };

export interface ListQuery {
  readonly state?: DraftState;
  readonly mailbox?: string;
  readonly batch?: string;
  /** `problem.code` */
  readonly code?: string;
  readonly cursor?: string;
  /** 1 to 1,000 */
  readonly limit: number;
}

export interface Page {
  readonly items: readonly DraftRecord[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

export type FailureFilter = Pick<ListQuery, "mailbox" | "code">;

/** The failures of one code, mailbox and state. */
export interface FailureGroup {
  readonly code: string;
  readonly mailbox: string;
  readonly state: FailureState;
  readonly count: number;
}

export interface FailureGroups {
  readonly groups: readonly FailureGroup[];
  /** There are more than fit the limit or the time. */
  readonly truncated: boolean;
}

export type CountFilter = Pick<ListQuery, "mailbox" | "batch" | "code">;

export type StateCounts = Readonly<Record<DraftState, number>>;

/**
 * - `busy`: another process held the store for longer than the deadline, or the store asks for fewer calls
 * - `full`: no space left
 * - `io`: the disk, the file or the network failed
 * - `corrupt`: what is there is not a ledger
 * - `contended`: the record changed under every attempt to write it
 * - `closed`: `close` has been called
 */
export type UnavailableReason = "busy" | "full" | "io" | "corrupt" | "contended" | "closed";

/** The store cannot serve this call now. The message holds no part of any record. */
export class LedgerUnavailable extends Error {
  override readonly name = "LedgerUnavailable";
  readonly code = "LEDGER_UNAVAILABLE";
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, detail: string, options?: ErrorOptions) {
    super(`ledger unavailable (${reason}): ${detail}`, options);
    this.reason = reason;
  }
}

/** A cursor that this store never gave out. */
export class CursorInvalid extends Error {
  override readonly name = "CursorInvalid";
  readonly code = "CURSOR_INVALID";
}
