import type { Model } from "../model.ts";
import { copyOf, type Emit, type State, type Worker } from "../state.ts";
import { nameOfWorker } from "./queue-steps.ts";

/** Gmail's side of every create that has left: applied or not, answered or not, at any time. */
export function gmailSteps(model: Model, state: State, emit: Emit): void {
  for (const [index, { fence, waiter }] of state.posts.entries()) {
    if (waiter === -1) orphanedPost(model, state, index, fence, emit);
    else awaitedPost(model, state, index, waiter, emit);
  }
  for (const [index, { number, listed }] of state.drafts.entries()) {
    if (listed) continue;
    const next = copyOf(state);
    next.drafts[index] = { number, listed: true };
    emit(`the list of drafts shows draft ${number}`, next);
  }
}

function orphanedPost(model: Model, state: State, index: number, fence: number, emit: Emit): void {
  const landed = copyOf(state);
  landed.posts.splice(index, 1);
  const draft = land(model, landed);
  emit(`the create under fence ${fence}, for which nobody waits, makes draft ${draft}`, landed);
  const dropped = copyOf(state);
  dropped.posts.splice(index, 1);
  emit(`the create under fence ${fence}, for which nobody waits, is never applied`, dropped);
}

function awaitedPost(model: Model, state: State, index: number, waiter: number, emit: Emit): void {
  const name = nameOfWorker(waiter);
  const answer = (label: string, settle: (worker: Worker, next: State) => void): void => {
    const next = copyOf(state);
    const worker = next.workers[waiter];
    if (worker === null || worker === undefined) throw new RangeError(`nobody waits as ${name}`);
    next.posts.splice(index, 1);
    settle(worker, next);
    emit(label, next);
  };
  const unknown = (worker: Worker, next: State): void => {
    next.budget.gmailFaults -= 1;
    if (model.protocol.onAmbiguous === "nack") next.workers[waiter] = null;
    else worker.place = "send";
  };
  answer(`Gmail makes draft ${state.landed + 1} and ${name} gets its id`, (worker, next) => {
    worker.draft = land(model, next);
    worker.place = "complete";
    worker.fresh = false;
  });
  if (state.budget.refusals > 0) {
    answer(`Gmail refuses ${name} for now (429)`, (worker, next) => {
      next.budget.refusals -= 1;
      worker.place = "release";
      worker.fresh = false;
      worker.throttled = true;
    });
  }
  if (state.budget.permanents > 0) {
    answer(`Gmail refuses ${name} for good (400)`, (worker, next) => {
      next.budget.permanents -= 1;
      worker.place = model.protocol.failureOrder === "publish-first" ? "publish-dead-letter" : "fail";
      worker.fresh = false;
    });
  }
  if (state.budget.gmailFaults === 0) return;
  answer(`Gmail makes draft ${state.landed + 1}, but its answer to ${name} is lost`, (worker, next) => {
    land(model, next);
    unknown(worker, next);
  });
  answer(`Gmail makes no draft, but does not tell ${name} so (500)`, unknown);
  answer(`${name} times out, its create still on its way`, (worker, next) => {
    next.posts.push({ fence: worker.fence, waiter: -1 });
    unknown(worker, next);
  });
}

function land({ protocol }: Model, next: State): number {
  next.landed += 1;
  next.drafts.push({ number: next.landed, listed: protocol.listsAtOnce });
  return next.landed;
}
