/**
 * The states of a request. `created`, `failed`, `parked`, `dead` and `canceled` are final for deliveries: a message that
 * arrives again is acknowledged without a call to Gmail.
 *
 * - `queued`: accepted, or released after a refusal that certainly made no draft
 * - `processing`: claimed by one worker, under a lease
 * - `created`: the draft exists and its id is known
 * - `failed`: the request itself cannot succeed
 * - `parked`: an administrator must act first (delegation, scope, an API that is off)
 * - `dead`: the queue gave up after its last attempt
 * - `canceled`: withdrawn by an operator, alone or with its batch; or it came again under a key that stands for a request of another batch
 */
export const DRAFT_STATES = ["queued", "processing", "created", "failed", "parked", "dead", "canceled"] as const;

export type DraftState = (typeof DRAFT_STATES)[number];

/** The states in which a request has ended without a draft, and from which a replay can bring it back. */
export const FAILURE_STATES = ["failed", "parked", "dead"] as const;

export type FailureState = (typeof FAILURE_STATES)[number];

/** Why a request failed: the object that the HTTP interface answers with, kept for failures that came later. */
export interface RecordProblem {
  readonly code: string;
  readonly detail: string;
  /** What to do next, for the person who reads it. */
  readonly remedy?: string;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
  /** One entry per field at fault; `pointer` is a JSON pointer (RFC 6901) into the request. */
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
}

/** What Gmail gave the draft. `draftId` outlives a person's edits; `messageId` changes with each of them. */
export interface DraftIds {
  readonly draftId: string;
  readonly messageId: string;
  readonly threadId: string;
}

/** A body in so many documents beside its record; see `ledger/large-bodies.ts`. */
export interface BodyParts {
  /** Tells whether they are all there, and names them. */
  readonly hash: string;
  readonly count: number;
}

/** Everything the ledger knows about one request. All times are milliseconds since the epoch. */
export interface DraftRecord {
  readonly id: string;
  readonly state: DraftState;
  readonly mailbox: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** Fingerprint of the canonical request: another request under the same id is a conflict, not a repetition. */
  readonly bodyHash: string;
  /** Rises by one with each change of owner; every write after a claim is conditional on it. */
  readonly fence: number;
  /** A `drafts.create` may have left the process for this request: look in the mailbox before making another draft. */
  readonly tainted: boolean;
  /**
   * In `processing`: the taint as the current claim found it, which a release restores. In `created`: an attempt before
   * the one that completed may have left another draft.
   */
  readonly taintedBefore: boolean;
  /** When the current lease began, by the store's clock; null outside `processing`. */
  readonly claimedAtMs: number | null;
  /** How often it was claimed. */
  readonly claims: number;
  /** How often its message was published again, by a replay or the sweep; the message carries the number. */
  readonly generation: number;
  /** The replay that took it up last; null when none has. */
  readonly replayedBy: string | null;
  /** When the sweep has to look at it; null: never. See `ledger/due.ts`. */
  readonly dueAtMs: number | null;
  /** How often the sweep has looked at it since it was last written otherwise. */
  readonly looks: number;
  /**
   * `throttled`: Gmail asked to slow down. `publish-unconfirmed`: the queue may not hold its message. `scheduled`: the ledger holds it,
   * and no queue, until it is nearly time.
   */
  readonly note: "throttled" | "publish-unconfirmed" | "scheduled" | null;
  /** When its draft may be made at the earliest; null: at once. */
  readonly notBeforeMs: number | null;
  readonly draftId: string | null;
  readonly messageId: string | null;
  readonly threadId: string | null;
  readonly problem: RecordProblem | null;
  readonly caller: string | null;
  readonly batch: string | null;
  readonly dedupeKey: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** The request's JSON, kept while it waits for its time and from a failure on, so that it can be published again, until it has ended. */
  readonly body: string | null;
  /** In place of `body` where that is too large for a record. */
  readonly bodyParts: BodyParts | null;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** From here on the record counts as absent. Each write moves it to `RECORD_TTL_MS` later, or after the time it waits for. */
  readonly expireAtMs: number;
}

/** How long a record outlives its last write: 30 days. A `dedupeKey` holds as long. */
export const RECORD_TTL_MS = 30 * 24 * 60 * 60 * 1000;

/**
 * Pub/Sub keeps a message for 7 days, as the subscription says. A request that has not ended a day after that is in no
 * queue any more.
 */
export const QUEUE_LOST_AFTER_MS = 8 * 24 * 60 * 60 * 1000;

/** The parts of a record that come from the request; everything else starts empty. */
export type NewRecord = Pick<DraftRecord, "id" | "mailbox" | "to" | "subject" | "bodyHash"> &
  Partial<Pick<DraftRecord, "caller" | "batch" | "dedupeKey" | "metadata" | "generation" | "notBeforeMs">>;

/** The record of a request that nobody has touched yet: `queued`, unclaimed, untainted. */
export function newDraftRecord(request: NewRecord, nowMs: number): DraftRecord {
  return {
    id: request.id,
    state: "queued",
    mailbox: request.mailbox,
    to: request.to,
    subject: request.subject,
    bodyHash: request.bodyHash,
    fence: 0,
    tainted: false,
    taintedBefore: false,
    claimedAtMs: null,
    claims: 0,
    generation: request.generation ?? 0,
    replayedBy: null,
    dueAtMs: nowMs + QUEUE_LOST_AFTER_MS,
    looks: 0,
    note: null,
    notBeforeMs: request.notBeforeMs ?? null,
    draftId: null,
    messageId: null,
    threadId: null,
    problem: null,
    caller: request.caller ?? null,
    batch: request.batch ?? null,
    dedupeKey: request.dedupeKey ?? null,
    metadata: request.metadata ?? {},
    body: null,
    bodyParts: null,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    expireAtMs: nowMs + RECORD_TTL_MS,
  };
}

/** Whether the request can be published once more from what is on record. */
export function hasBody({ body, bodyParts }: Pick<DraftRecord, "body" | "bodyParts">): boolean {
  return body !== null || bodyParts !== null;
}

/** Where a move may start: a state, or `none` when the ledger holds no record of that id. */
export type MoveOrigin = DraftState | "none";

interface MoveRule {
  readonly by: "api" | "worker" | "operator" | "reconciler";
  readonly from: readonly MoveOrigin[];
  readonly to: readonly DraftState[];
}

/**
 * Every legal move, by its cause. What the table cannot say is in `ledger/decide.ts`: which fence, which lease, what
 * becomes of the taint.
 */
export const MOVES = {
  /** A request came in over HTTP; its message is published next. */
  accept: { by: "api", from: ["none"], to: ["queued"] },
  /** The queue has not confirmed the message: noted, not moved. */
  doubt: { by: "api", from: ["queued"], to: ["queued"] },
  /** A delivery begins. From `processing` only once the lease before it has run out. */
  claim: { by: "worker", from: ["none", "queued", "processing"], to: ["processing"] },
  /** Gmail answered with a draft, or an earlier attempt's draft was found. */
  complete: { by: "worker", from: ["processing"], to: ["created"] },
  /** Gmail certainly made no draft and the request is to be tried again. */
  release: { by: "worker", from: ["processing"], to: ["queued"] },
  /** The claimed request cannot go on; its dead letter is already published. */
  fail: { by: "worker", from: ["processing"], to: ["failed", "parked", "dead"] },
  /** The same without a claim: it did not get as far, or the queue gave up. From `processing` after the lease. */
  refuse: { by: "worker", from: ["none", "queued", "processing"], to: ["failed", "parked", "dead"] },
  /** It is not to be made yet: its body is kept until then. From `processing` only after the lease. */
  schedule: { by: "worker", from: ["none", "queued", "processing"], to: ["queued"] },
  /** A person or a finished outage: once more. Its message is published next. */
  replay: { by: "operator", from: ["failed", "parked", "dead"], to: ["queued"] },
  /** Its message may be lost: it is published once more. From `processing` only after the lease. */
  republish: { by: "reconciler", from: ["queued", "processing"], to: ["queued"] },
  /** Nothing was found, and it is looked at again later. From `processing` only after the lease. */
  look: { by: "reconciler", from: ["queued", "processing"], to: ["queued"] },
  /** No queue can hold its message any more, and its body is not on record. */
  expire: { by: "reconciler", from: ["queued", "processing"], to: ["dead"] },
  /** The queue has confirmed the message of a replay or of the sweep: noted, not moved. */
  confirm: { by: "operator", from: ["queued"], to: ["queued"] },
  /** Withdrawn. A live claim is left to end first. */
  cancel: { by: "operator", from: ["queued", "failed", "parked", "dead"], to: ["canceled"] },
  /** Its batch was canceled before the request became a draft. From `processing` only after the lease. */
  withdraw: { by: "worker", from: ["none", "queued", "processing"], to: ["canceled"] },
  /** Its draft was taken back with its batch: the record counts as absent from then on. */
  forget: { by: "operator", from: ["created"], to: ["canceled"] },
  /** A tainted record's draft was found in the mailbox. From `processing` only after the lease. */
  adopt: { by: "reconciler", from: ["queued", "processing", "failed", "parked", "dead"], to: ["created"] },
} as const satisfies Record<string, MoveRule>;

export type MoveCause = keyof typeof MOVES;

/** Whether the table lets `cause` take a record from `from` to `to`. */
export function isLegalMove(cause: MoveCause, from: MoveOrigin, to: DraftState): boolean {
  const rule: MoveRule = MOVES[cause];
  return rule.from.includes(from) && rule.to.includes(to);
}
