import { isLegalMove, MOVES, type MoveCause } from "@draftmill/shared/contract/draft-record.ts";
import { isFailure, isFinal } from "./final.ts";
import type { Model } from "./model.ts";
import { idsOf, NO_RECORD } from "./record-table.ts";
import type { State } from "./state.ts";
import { isOpenReplay, isReconcilable } from "./steps/operator-steps.ts";

/** What must hold, and in words. */
export const INVARIANTS = {
  lost: "an accepted request rests with neither a draft nor a failure that is on record, and in the dead-letter topic unless parked",
  "two-drafts": "two drafts exist",
  "two-drafts-at-rest": "two drafts exist, and nothing will ever remove one",
  "two-leases": "two workers may send a create at once",
  "illegal-move": "the record makes a move that the table does not have, goes back a fence, or names no draft",
  "taint-dropped": "the record says that no draft can exist, and one may",
  undone: "a replay is ended by a dead letter that is older than it, and its own message still lies in the queue",
  unsettled: "an accepted request rests, and its record is not final",
  unrecorded: "a draft rests in the mailbox, the reconciler has run, and the record does not name it",
  stuck: "nothing can happen any more although something is under way",
} as const;

export type Invariant = keyof typeof INVARIANTS;

/** Which invariants a state breaks. */
export function brokenBy(model: Model, state: State): Invariant[] {
  const broken: Invariant[] = [];
  const record = model.records.find(state.record);
  const mayExist = state.drafts.length > 0 || state.posts.length > 0;
  if (state.drafts.length > 1) broken.push("two-drafts");
  if (mayExist && record?.state !== "created" && record?.tainted !== true) broken.push("taint-dropped");
  if (record?.state === "created" && state.drafts.every(({ number }) => idsOf(number).draftId !== record.draftId)) {
    broken.push("illegal-move");
  }
  if (record?.state === "dead" && isUndone(state, record.generation)) broken.push("undone");
  const senders = state.workers.filter((worker) => worker?.fresh && CREATING.has(worker.place));
  if (senders.length > 1) broken.push("two-leases");
  if (!isAtRest(model, state)) return broken;

  if (state.drafts.length > 1) broken.push("two-drafts-at-rest");
  if (state.accepted) {
    // What an incident parks has no dead letter: the ledger has its body.
    const isKept = record?.state === "parked" && record.body !== null;
    const isVisible = record !== null && isFailure(record.state) && (state.deadLetter || isKept);
    if (state.drafts.length === 0 && !isVisible) broken.push("lost");
    if (record === null || !isFinal(record.state)) broken.push("unsettled");
  }
  if (model.protocol.reconciles && state.drafts.length > 0 && record?.state !== "created") broken.push("unrecorded");
  return broken;
}

/** No message of the newest generation has been given up, and one is still to be delivered. */
function isUndone({ messages }: State, newest: number): boolean {
  if (newest === 0) return false;
  const own = messages.filter(({ generation }) => generation === newest);
  return own.length > 0 && own.every(({ place, attempts }) => place === "queued" && attempts === 0);
}

/** Whether a step takes the record where no cause may take it. A lease that runs out leaves its record what it was. */
export function isIllegalStep({ records }: Model, before: State, after: State): boolean {
  if (before.record === after.record) return false;
  if (after.record === NO_RECORD) return true;
  const from = records.find(before.record);
  const to = records.at(after.record);
  if (from !== null && to.fence < from.fence) return true;
  // A suspicion noted beside a claim that goes on. Where the store's clock dates it, the lease seems younger than it is.
  if (from?.state === "processing" && to.state === "processing" && to.fence === from.fence) return false;
  return !CAUSES.some((cause) => isLegalMove(cause, from?.state ?? "none", to.state));
}

/** Whether everything that was begun has ended; what is left of the budgets might begin something new. */
export function isAtRest(model: Model, state: State): boolean {
  const record = model.records.find(state.record);
  return (
    state.workers.every((worker) => worker === null) &&
    state.messages.every(({ place }) => place === "acked" || place === "dead") &&
    state.clients.every((place) => place === "idle" || place === "done") &&
    state.posts.length === 0 &&
    state.drafts.every(({ listed }) => listed) &&
    state.lateWrite === NO_RECORD &&
    state.replayer === "idle" &&
    !(model.protocol.takesUpReplays && isOpenReplay(record)) &&
    !(model.protocol.reconciles && (model.records.hasLiveLease(state.record) || isReconcilable(model, state)))
  );
}

const CREATING: ReadonlySet<string> = new Set(["find", "send", "await"]);
const CAUSES = Object.keys(MOVES).filter((cause): cause is MoveCause => cause in MOVES);
