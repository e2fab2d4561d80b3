import type { DraftState, FailureState } from "@draftmill/shared/contract/draft-record.ts";

/** Whether the record tells of an end without a draft, from which a replay can bring it back. */
export function isFailure(state: DraftState): state is FailureState {
  return state === "failed" || state === "parked" || state === "dead";
}

/** Whether a delivery of such a request is acknowledged without any work. */
export function isFinal(state: DraftState): boolean {
  return isFailure(state) || state === "created" || state === "canceled";
}
