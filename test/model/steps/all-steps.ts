import { lateWriteSteps } from "../ledger-write.ts";
import type { Model } from "../model.ts";
import type { Emit, State } from "../state.ts";
import { clientSteps } from "./client-steps.ts";
import { gmailSteps } from "./gmail-steps.ts";
import { leaseSteps } from "./lease-steps.ts";
import { operatorSteps } from "./operator-steps.ts";
import { queueSteps } from "./queue-steps.ts";
import { workerSteps } from "./worker-steps.ts";

/** Everything that can happen next, one step of one party at a time: all interleavings come of taking each in turn. */
export function allSteps(model: Model, state: State, emit: Emit): void {
  clientSteps(model, state, emit);
  queueSteps(model, state, emit);
  workerSteps(model, state, emit);
  gmailSteps(model, state, emit);
  lateWriteSteps(model, state, emit);
  leaseSteps(model, state, emit);
  operatorSteps(model, state, emit);
}
