import type { Fault, FaultScript } from "@draftmill/local/google/faults.ts";

/** How often what goes wrong at Gmail, as shares of all creates. */
export interface GoogleFaultRates {
  /** Refused for speed: certainly nothing was made. */
  readonly throttled: number;
  /** 503, the draft not made. */
  readonly unavailable: number;
  /** The draft made, the connection cut before the answer. */
  readonly appliedThenCut: number;
}

/** Scripts the fate of the next `creates` calls of drafts.create, well or not, in the order of chance. */
export function scriptCreates(
  faults: FaultScript,
  creates: number,
  rates: GoogleFaultRates,
  chance: () => number,
): void {
  for (let n = 0; n < creates; n++) faults.next("drafts.create", 1, fateOf(chance(), rates));
}

const WELL: Fault = { kind: "stall", ms: 0 };

function fateOf(draw: number, { throttled, unavailable, appliedThenCut }: GoogleFaultRates): Fault {
  if (draw < throttled) return { kind: "answer", error: "userRateLimitExceeded" };
  if (draw < throttled + unavailable) return { kind: "answer", error: "unavailable" };
  if (draw < throttled + unavailable + appliedThenCut) return { kind: "drop", after: true };
  return WELL;
}
