import { type DraftRecord, isLegalMove } from "@draftmill/shared/contract/draft-record.ts";
import type { OwnerDecision } from "@draftmill/shared/ledger/decide.ts";
import { emitWrite } from "../ledger-write.ts";
import type { Model } from "../model.ts";
import { candidateOf, failureAs, idsOf, NOW } from "../record-table.ts";
import { copyOf, type Emit, type State, type Worker, type WorkerPlace } from "../state.ts";
import { nameOfWorker } from "./queue-steps.ts";

/** One delivery: `processDraft`, with a kill before every step. A nack is the delivery's end: the message stays queued. */
export function workerSteps(model: Model, state: State, emit: Emit): void {
  for (const [slot, worker] of state.workers.entries()) {
    if (worker === null) continue;
    const at = { model, state, slot, worker, name: nameOfWorker(slot), emit };
    stepOf(at);
    // A kill before the claim leaves what a nack leaves.
    if (state.budget.crashes > 0 && worker.place !== "claim") kill(at);
  }
}

interface At {
  readonly model: Model;
  readonly state: State;
  readonly slot: number;
  readonly worker: Worker;
  readonly name: string;
  readonly emit: Emit;
}

function stepOf(at: At): void {
  const { model, worker, name } = at;
  const { protocol, records } = model;
  const recordFirst = protocol.failureOrder === "record-first";
  switch (worker.place) {
    case "claim":
      claim(at);
      break;
    case "find":
      find(at);
      break;
    case "send":
      send(at);
      break;
    case "await":
      // Gmail's move.
      break;
    case "complete":
      settle(at, "records the draft", protocol.complete(record(at), worker.fence, idsOf(worker.draft), NOW));
      break;
    case "release": {
      const note = worker.throttled ? "throttled" : null;
      const released = protocol.release(record(at), worker.fence, note, NOW);
      settle(at, "releases its claim", released, worker.throttled ? "claim" : null);
      break;
    }
    case "publish-dead-letter":
      go(at, `${name} publishes the dead letter`, recordFirst ? "ack" : "fail", (next) => {
        next.deadLetter = true;
      });
      break;
    case "fail": {
      const failed = protocol.fail(record(at), worker.fence, failureAs("failed"), NOW);
      settle(at, "records the failure", failed, recordFirst ? "publish-dead-letter" : "ack");
      break;
    }
    case "publish-dead-letter-unclaimed": {
      const known = records.find(at.state.record);
      if (known !== null && !isLegalMove("refuse", known.state, "failed")) {
        go(at, `${name} finds the request ${known.state}`, "ack");
        break;
      }
      go(at, `${name} publishes the dead letter`, "refuse", (next) => {
        next.deadLetter = true;
      });
      break;
    }
    case "refuse":
      refuse(at, "failed");
      break;
    case "park":
      refuse(at, "parked");
      break;
    case "suspect":
      suspect(at);
      break;
    case "ack":
      go(at, `${name} acknowledges`, null, (next) => {
        const message = next.messages[worker.message];
        if (message?.place === "queued") message.place = "acked";
      });
      break;
    default:
      worker.place satisfies never;
  }
}

function claim(at: At): void {
  const { model, state, worker, name, emit } = at;
  go(at, `${name} waits for its turn in vain and hands the message back`, null);
  if (state.budget.permanents > 0) {
    go(at, `${name} finds the request not permitted`, "publish-dead-letter-unclaimed", (next) => {
      next.budget.permanents -= 1;
    });
    go(at, `${name} finds an incident of the mailbox open`, "park", (next) => {
      next.budget.permanents -= 1;
    });
  }
  const decision = model.protocol.claim(model.records.find(state.record), candidate(at), NOW);
  switch (decision.kind) {
    case "duplicate":
      go(at, `${name} finds the request ${decision.record.state}`, "ack");
      break;
    case "busy":
      go(at, `${name} finds the request claimed by another`, model.protocol.onBusy === "ack" ? "ack" : null);
      break;
    case "conflict":
      throw new RangeError("every message here tells the same request");
    case "write": {
      const { fence, taintedBefore } = decision.record;
      const answered = (next: State): void =>
        replace(next, at, { ...worker, place: taintedBefore ? "find" : "send", fence, fresh: true, throttled: false });
      const label = `${name} claims: fence ${fence}${taintedBefore ? ", tainted before" : ""}`;
      const unanswered = (next: State): void => replace(next, at, null);
      emitWrite(model, state, { label, record: decision.record, retries: false, answered, unanswered }, emit);
      break;
    }
    default:
      decision satisfies never;
  }
}

function find(at: At): void {
  const { state, worker, name, model } = at;
  const found = state.drafts.find(({ listed }) => listed);
  if (found === undefined) go(at, `${name} looks for a draft and sees none`, "send");
  else {
    const number = found.number;
    goAs(at, `${name} looks for a draft and sees draft ${number}`, {
      ...worker,
      place: "complete",
      draft: number,
      fresh: false,
    });
  }
  if (state.budget.refusals > 0) {
    const released: Worker = { ...worker, place: "release", fresh: false, throttled: true };
    goAs(at, `${name} may not look for now (429)`, released, (next) => {
      next.budget.refusals -= 1;
    });
  }
  if (state.budget.permanents > 0) {
    const place = model.protocol.failureOrder === "publish-first" ? "publish-dead-letter" : "fail";
    goAs(at, `${name} may not look at all (403)`, { ...worker, place, fresh: false }, (next) => {
      next.budget.permanents -= 1;
    });
  }
}

function send(at: At): void {
  const { worker, name, slot } = at;
  if (!worker.fresh) {
    go(at, `${name} is too late in its lease to send`, "release");
    return;
  }
  go(at, `${name} sends the create under fence ${worker.fence}`, "await", (next) => {
    next.posts.push({ fence: worker.fence, waiter: slot });
  });
}

/** It was fenced off after Gmail gave it a draft, which may be one too many. */
function suspect(at: At): void {
  const { model, state, name, emit } = at;
  const decision = model.protocol.suspect(record(at), NOW);
  if (decision.kind !== "write") throw new RangeError("a record can always be suspected");
  const gone = (next: State): void => replace(next, at, null);
  const label = `${name} suspects that its draft is one too many`;
  const write = { label, record: decision.record, retries: false, answered: gone, unanswered: gone };
  emitWrite(model, state, write, emit);
}

function refuse(at: At, as: "failed" | "parked"): void {
  const { model, state, name, emit } = at;
  const decision = model.protocol.refuse(model.records.find(state.record), candidate(at), failureAs(as), NOW);
  switch (decision.kind) {
    case "duplicate":
      go(at, `${name} finds the request ${decision.record.state}`, "ack");
      break;
    case "busy":
      go(at, `${name} finds the request claimed by another`, null);
      break;
    case "conflict":
      throw new RangeError("every message here tells the same request");
    case "write": {
      const write = {
        label: as === "parked" ? `${name} parks the request for an incident` : `${name} records the failure`,
        record: decision.record,
        retries: false,
        answered: (next: State) => replace(next, at, { ...at.worker, place: "ack" }),
        unanswered: (next: State) => replace(next, at, null),
      };
      emitWrite(model, state, write, emit);
      break;
    }
    default:
      decision satisfies never;
  }
}

/** What the owner of a claim does after its decision; `then` null ends the delivery without an acknowledgement. */
function settle(at: At, does: string, decision: OwnerDecision, then: WorkerPlace | null = "ack"): void {
  const { model, state, worker, name, emit } = at;
  const after = then === null ? null : { ...worker, place: then };
  switch (decision.kind) {
    case "fenced-off":
      // After a release in vain the claim was another's already; the delivery goes on as after any other release.
      goAs(at, `${name} ${does}: fenced off`, worker.place === "release" ? after : suspecting(worker));
      break;
    case "done":
      goAs(at, `${name} ${does}: done before`, after);
      break;
    case "write": {
      const answered = (next: State): void => replace(next, at, after);
      const unanswered = (next: State): void => replace(next, at, null);
      const label = `${name} ${does}`;
      emitWrite(model, state, { label, record: decision.record, retries: true, answered, unanswered }, emit);
      break;
    }
    default:
      decision satisfies never;
  }
}

function kill(at: At): void {
  go(at, `${at.name} is killed at ${at.worker.place}`, null, (next) => {
    next.budget.crashes -= 1;
    for (const post of next.posts) if (post.waiter === at.slot) post.waiter = -1;
  });
}

function go(at: At, label: string, place: WorkerPlace | null, change?: (next: State) => void): void {
  goAs(at, label, place === null ? null : { ...at.worker, place }, change);
}

function goAs({ state, slot, emit }: At, label: string, worker: Worker | null, change?: (next: State) => void): void {
  const next = copyOf(state);
  next.workers[slot] = worker;
  change?.(next);
  emit(label, next);
}

function replace(next: State, { slot }: At, worker: Worker | null): void {
  next.workers[slot] = worker;
}

function suspecting(worker: Worker): Worker | null {
  return worker.place === "complete" ? { ...worker, place: "suspect" } : null;
}

function candidate({ state, worker }: At): DraftRecord {
  return candidateOf(state.messages[worker.message]?.generation ?? 0);
}

function record({ model, state }: At): DraftRecord {
  return model.records.at(state.record);
}
