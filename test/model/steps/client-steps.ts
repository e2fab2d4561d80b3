import { isFinal } from "../final.ts";
import { emitWrite } from "../ledger-write.ts";
import { type Model, messagesMax } from "../model.ts";
import { CANDIDATE, NO_RECORD, NOW } from "../record-table.ts";
import { copyOf, type Emit, type State } from "../state.ts";

/** Callers with one key: `submitDraft` step by step, or a publish straight to the topic. The second call is a retry. */
export function clientSteps(model: Model, state: State, emit: Emit): void {
  for (const [index, place] of state.clients.entries()) {
    switch (place) {
      case "idle":
        if (index > 0 && state.clients[index - 1] === "idle") break;
        if (model.bounds.clients[index] === "topic") publish(model, state, index, emit);
        else accept(model, state, index, emit);
        break;
      case "publishing":
        publish(model, state, index, emit);
        if (state.budget.crashes > 0) {
          const crashed = copyOf(state);
          crashed.budget.crashes -= 1;
          crashed.clients[index] = "done";
          emit(`${nameOf(index)}: the api is killed before it publishes`, crashed);
        }
        break;
      case "doubting":
        doubt(model, state, index, emit);
        break;
      case "done":
        break;
      default:
        place satisfies never;
    }
  }
}

function accept(model: Model, state: State, index: number, emit: Emit): void {
  const label = `${nameOf(index)}: the api accepts the request`;
  const known = model.records.find(state.record);
  if (known !== null) {
    const next = copyOf(state);
    // A request that has ended is answered with how it ended; any other is published once more.
    if (isFinal(known.state)) next.accepted = true;
    next.clients[index] = isFinal(known.state) ? "done" : "publishing";
    emit(`${label}, known as ${known.state}`, next);
    return;
  }
  const write = {
    label,
    record: CANDIDATE,
    retries: false,
    answered: (next: State) => {
      next.clients[index] = "publishing";
    },
    unanswered: (next: State) => {
      next.clients[index] = "done";
    },
  };
  emitWrite(model, state, write, emit);
}

function publish({ bounds, records }: Model, state: State, index: number, emit: Emit): void {
  if (state.messages.length >= messagesMax(bounds)) return;
  const isHttp = bounds.clients[index] === "http";
  const message = state.messages.length + 1;
  const stored = (): State => {
    const next = copyOf(state);
    next.messages.push({ place: "queued", attempts: 0, generation: records.find(state.record)?.generation ?? 0 });
    return next;
  };
  const next = stored();
  next.clients[index] = "done";
  next.accepted = true;
  emit(`${nameOf(index)}: message ${message} is published and the caller is told so`, next);
  if (state.budget.publishFaults === 0) return;
  const lost = stored();
  lost.budget.publishFaults -= 1;
  lost.clients[index] = isHttp ? "doubting" : "done";
  emit(`${nameOf(index)}: message ${message} is published, the queue's answer is lost`, lost);
  const failed = copyOf(state);
  failed.budget.publishFaults -= 1;
  failed.clients[index] = isHttp ? "doubting" : "done";
  emit(`${nameOf(index)}: the publish fails`, failed);
}

function doubt(model: Model, state: State, index: number, emit: Emit): void {
  const label = `${nameOf(index)}: the api notes that the publish is unconfirmed and answers 503`;
  const answered = (next: State): void => {
    next.clients[index] = "done";
  };
  const decision = state.record === NO_RECORD ? null : model.protocol.doubt(model.records.at(state.record), NOW);
  if (decision?.kind === "write") {
    emitWrite(model, state, { label, record: decision.record, retries: false, answered, unanswered: answered }, emit);
    return;
  }
  const next = copyOf(state);
  answered(next);
  emit(`${nameOf(index)}: the api answers 503`, next);
}

function nameOf(index: number): string {
  return `caller ${index + 1}`;
}
