import type { Bounds } from "./bounds.ts";
import { NO_RECORD } from "./record-table.ts";

/** Where a caller is: before its call, between the ledger and the queue, noting a doubt, or answered (or gone). */
export const CLIENT_PLACES = ["idle", "publishing", "doubting", "done"] as const;

/** `forwarded`: given up by the queue and on its way to the dead-letter push. `dead`: that push was acknowledged. */
export const MESSAGE_PLACES = ["queued", "acked", "forwarded", "dead"] as const;

/**
 * What the worker does next. `send` is the guard and the departure of the POST in one step, `await` is the wait for its
 * answer; the steps from `publish-dead-letter-unclaimed` on end a request that the worker refuses without claiming it, or sets aside for an incident.
 */
export const WORKER_PLACES = [
  "claim",
  "find",
  "send",
  "await",
  "complete",
  "suspect",
  "release",
  "publish-dead-letter",
  "fail",
  "publish-dead-letter-unclaimed",
  "refuse",
  "park",
  "ack",
] as const;

export const REPLAYER_PLACES = ["idle", "publishing", "confirming", "recording"] as const;

export type ClientPlace = (typeof CLIENT_PLACES)[number];
export type MessagePlace = (typeof MESSAGE_PLACES)[number];
export type WorkerPlace = (typeof WORKER_PLACES)[number];
export type ReplayerPlace = (typeof REPLAYER_PLACES)[number];

export interface Message {
  place: MessagePlace;
  attempts: number;
  /** The record's when it was published. */
  readonly generation: number;
}

export interface Worker {
  place: WorkerPlace;
  /** Which message it was given. */
  readonly message: number;
  /** Of its claim; 0 before. */
  fence: number;
  /** Its own clocks still let a create leave: it is in the first third of its lease. */
  fresh: boolean;
  /** The draft it holds the id of; 0 for none. Drafts are numbered from 1 as they land. */
  draft: number;
  /** A release for speed claims again in the same delivery; any other ends the delivery. */
  throttled: boolean;
}

/** A POST that has left. `waiter` is the worker that hears its answer, -1 for none. */
export interface Post {
  readonly fence: number;
  waiter: number;
}

export interface Draft {
  readonly number: number;
  /** `drafts.list` shows it. */
  listed: boolean;
}

/** The kinds of fault and of intervention that `Bounds` counts. */
export const FAULTS = [
  "crashes",
  "duplicates",
  "refusals",
  "permanents",
  "gmailFaults",
  "ledgerFaults",
  "publishFaults",
  "replays",
] as const satisfies readonly (keyof Bounds)[];

/** What is left of each. */
export type Budget = Record<(typeof FAULTS)[number], number>;

/** One moment of the whole system, for one request. Records are indices into the search's `RecordTable`. */
export interface State {
  record: number;
  /** A conditional write whose caller has given up waiting, and which may still be applied. */
  lateWrite: number;
  clients: ClientPlace[];
  /** A caller was told that its request will be done. */
  accepted: boolean;
  messages: Message[];
  /** The dead-letter topic holds the request. */
  deadLetter: boolean;
  workers: (Worker | null)[];
  posts: Post[];
  drafts: Draft[];
  /** How many drafts ever landed. */
  landed: number;
  replayer: ReplayerPlace;
  budget: Budget;
}

/** Two deliveries at once are enough for every race between two; which of the two is which does not matter to a third. */
const WORKERS = 2;

export function firstState({ clients, attempts: _, ...budget }: Bounds): State {
  return {
    record: NO_RECORD,
    lateWrite: NO_RECORD,
    clients: clients.map(() => "idle"),
    accepted: false,
    messages: [],
    deadLetter: false,
    workers: Array.from({ length: WORKERS }, () => null),
    posts: [],
    drafts: [],
    landed: 0,
    replayer: "idle",
    budget,
  };
}

/** A state to be changed without touching the one it came from. */
export function copyOf(state: State): State {
  return {
    ...state,
    clients: [...state.clients],
    messages: state.messages.map((message) => ({ ...message })),
    workers: state.workers.map((worker) => (worker === null ? null : { ...worker })),
    posts: state.posts.map((post) => ({ ...post })),
    drafts: state.drafts.map((draft) => ({ ...draft })),
    budget: { ...state.budget },
  };
}

/** One possible next moment, and what happens on the way to it. */
export type Emit = (label: string, next: State) => void;
