import type { Model } from "../model.ts";
import { copyOf, type Emit, type State, type Worker } from "../state.ts";

/** The queue: at-least-once delivery, also of a message that is being worked on, and an end after so many attempts. */
export function queueSteps({ bounds }: Model, state: State, emit: Emit): void {
  const slot = state.workers.indexOf(null);
  for (const [index, message] of state.messages.entries()) {
    const name = `message ${index + 1}`;
    if (message.place === "queued" && message.attempts < bounds.attempts && slot !== -1) {
      const next = delivered(state, slot, index);
      const attempt = message.attempts + 1;
      next.messages[index] = { ...message, attempts: attempt };
      emit(`${name} is delivered to ${nameOfWorker(slot)}, attempt ${attempt}`, next);
    }
    if (message.place === "acked" && state.budget.duplicates > 0 && slot !== -1) {
      const next = delivered(state, slot, index);
      next.budget.duplicates -= 1;
      emit(`${name} is delivered to ${nameOfWorker(slot)} although it was acknowledged`, next);
    }
    if (message.place === "queued" && message.attempts >= bounds.attempts) {
      const next = copyOf(state);
      next.messages[index] = { ...message, place: "forwarded" };
      next.deadLetter = true;
      emit(`${name} has used up its attempts: the queue forwards it to the dead-letter topic`, next);
    }
  }
}

/** How the trace calls a worker; each is one delivery. */
export function nameOfWorker(slot: number): string {
  return `worker ${slot === 0 ? "A" : "B"}`;
}

function delivered(state: State, slot: number, message: number): State {
  const next = copyOf(state);
  const worker: Worker = { place: "claim", message, fence: 0, fresh: false, draft: 0, throttled: false };
  next.workers[slot] = worker;
  return next;
}
