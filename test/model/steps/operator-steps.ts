import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { decideSweep } from "@draftmill/shared/ledger/decide-sweep.ts";
import { isUnpublished } from "@draftmill/shared/ledger/due.ts";
import { isFailure, isFinal } from "../final.ts";
import { emitWrite } from "../ledger-write.ts";
import { type Model, messagesMax } from "../model.ts";
import { candidateOf, failureAs, idsOf, NO_RECORD, NOW } from "../record-table.ts";
import { copyOf, type Emit, type State } from "../state.ts";

/** What happens to requests apart from their deliveries: the dead-letter push, replays, the reconciler. */
export function operatorSteps(model: Model, state: State, emit: Emit): void {
  deadLetterPush(model, state, emit);
  replay(model, state, emit);
  if (model.protocol.reconciles) reconcile(model, state, emit);
}

/** A message that the queue gave up on arrives: its request is recorded as dead, unless it has ended otherwise. */
function deadLetterPush(model: Model, state: State, emit: Emit): void {
  for (const [index, { place, generation }] of state.messages.entries()) {
    if (place !== "forwarded") continue;
    // With a reconciler, a request is looked for before it is reported as dead.
    if (model.protocol.reconciles && isReconcilable(model, state)) continue;
    const name = `the dead letter of message ${index + 1}`;
    const acked = (next: State): void => {
      const message = next.messages[index];
      if (message !== undefined) message.place = "dead";
    };
    const known = model.records.find(state.record);
    const decision = model.protocol.refuse(known, candidateOf(generation), failureAs("dead"), NOW);
    switch (decision.kind) {
      case "write": {
        const label = `${name} arrives: the request is recorded as dead`;
        const unanswered = (): void => {};
        emitWrite(model, state, { label, record: decision.record, retries: false, answered: acked, unanswered }, emit);
        break;
      }
      case "duplicate": {
        const next = copyOf(state);
        acked(next);
        emit(`${name} arrives: the request is ${decision.record.state} by now`, next);
        break;
      }
      case "busy":
        // Not acknowledged: it comes again.
        break;
      case "conflict":
        throw new RangeError("every message here tells the same request");
      default:
        decision satisfies never;
    }
  }
}

function replay(model: Model, state: State, emit: Emit): void {
  const { protocol, records, bounds } = model;
  const publishFirst = protocol.replayOrder === "publish-first";
  const record = records.find(state.record);
  switch (state.replayer) {
    case "idle": {
      if (record === null || state.messages.length >= messagesMax(bounds)) return;
      if (isFailure(record.state) && state.budget.replays > 0) {
        const ordered = copyOf(state);
        ordered.budget.replays -= 1;
        if (publishFirst) {
          ordered.replayer = "publishing";
          emit("an operator replays the request", ordered);
        } else recordReplay(model, ordered, "publishing", emit);
      }
      // A caller that is about to publish keeps its place in the bounded queue.
      const reserved = state.clients.filter((place) => place === "idle" || place === "publishing").length;
      const isDue = protocol.takesUpReplays && isOpenReplay(record) && !records.hasLiveLease(state.record);
      if (isDue && state.messages.length + reserved < messagesMax(bounds)) {
        const decision = protocol.republish(record, NOW);
        if (decision.kind !== "write")
          throw new RangeError(`the sweep may not publish a ${record.state} request again`);
        const answered = (next: State): void => {
          next.replayer = "publishing";
        };
        const label = "the sweep records that an unfinished replay is published once more";
        const write = { label, record: decision.record, retries: false, answered, unanswered: () => {} };
        emitWrite(model, state, write, emit);
      }
      return;
    }
    case "publishing": {
      const message = state.messages.length + 1;
      const next = copyOf(state);
      next.messages.push({ place: "queued", attempts: 0, generation: record?.generation ?? 0 });
      next.replayer = publishFirst ? "recording" : "confirming";
      emit(`the replay publishes message ${message}`, next);
      break;
    }
    case "confirming":
      confirm(model, state, emit);
      break;
    case "recording":
      recordReplay(model, state, "idle", emit);
      break;
    default:
      state.replayer satisfies never;
  }
  if (state.budget.crashes > 0) {
    const killed = copyOf(state);
    killed.budget.crashes -= 1;
    killed.replayer = "idle";
    emit("the replay is killed", killed);
  }
}

function recordReplay(model: Model, state: State, then: State["replayer"], emit: Emit): void {
  const decision = model.protocol.replay(model.records.at(state.record), NOW);
  const answered = (next: State): void => {
    next.replayer = then;
  };
  const unanswered = (next: State): void => {
    next.replayer = "idle";
  };
  const label = "an operator's replay records the request as queued";
  if (decision.kind === "write") {
    emitWrite(model, state, { label, record: decision.record, retries: false, answered, unanswered }, emit);
    return;
  }
  const next = copyOf(state);
  unanswered(next);
  const found = decision.kind === "refused" ? decision.state : "claimed";
  emit(`an operator's replay finds the request ${found}`, next);
}

function confirm(model: Model, state: State, emit: Emit): void {
  const record = model.records.at(state.record);
  const done = (next: State): void => {
    next.replayer = "idle";
  };
  const decision = model.protocol.confirm(record, record.generation, NOW);
  if (decision.kind === "write") {
    const label = "the replay records that the queue has its message";
    emitWrite(model, state, { label, record: decision.record, retries: false, answered: done, unanswered: done }, emit);
    return;
  }
  const next = copyOf(state);
  done(next);
  emit("the replay finds its message delivered already", next);
}

/** A replay that has not come to its end: the record says that it is to be published, and holds what is needed to. */
export function isOpenReplay(record: DraftRecord | null): record is DraftRecord {
  return record !== null && !isFinal(record.state) && isUnpublished(record);
}

/** Whether the reconciler has something to do: a listed draft that the ledger does not know or does not want. */
export function isReconcilable({ records }: Model, state: State): boolean {
  if (state.record === NO_RECORD || records.hasLiveLease(state.record)) return false;
  const record = records.at(state.record);
  const listed = state.drafts.filter((draft) => draft.listed);
  switch (decideSweep(record, NOW).kind) {
    case "adopt":
      return listed.length > 0;
    case "extras":
      return listed.some(({ number }) => idsOf(number).draftId !== record.draftId);
    default:
      return false;
  }
}

/** Adopts one marked draft if the ledger knows of none, and deletes those that the ledger does not name. */
function reconcile(model: Model, state: State, emit: Emit): void {
  if (!isReconcilable(model, state)) return;
  const { protocol, records } = model;
  const record = records.at(state.record);
  const [first, ...others] = state.drafts.filter(({ listed }) => listed);
  if (first === undefined) return;
  if (record.state === "created") {
    const next = copyOf(state);
    const extras = [first, ...others].filter(({ number }) => idsOf(number).draftId !== record.draftId);
    next.drafts = next.drafts.filter(({ number }) => extras.every((extra) => extra.number !== number));
    emit(`the reconciler deletes ${extras.map(({ number }) => `draft ${number}`).join(", ")}`, next);
    return;
  }
  const decision = protocol.adopt(record, idsOf(first.number), NOW);
  if (decision.kind !== "write") return;
  const unanswered = (): void => {};
  const label = `the reconciler adopts draft ${first.number}`;
  const write = { label, record: decision.record, retries: false, answered: unanswered, unanswered };
  emitWrite(model, state, write, emit);
}
