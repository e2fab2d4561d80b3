import type { Fault, FaultScript } from "@draftmill/local/google/faults.ts";
import type { Operation } from "@draftmill/local/google/operation.ts";

/** How often what goes wrong at Gmail, as shares of all creates or of all finds. */
export interface GoogleFaultRates {
  /** Refused for speed: certainly nothing was made. */
  readonly throttled: number;
  /** 503, the draft not made. */
  readonly unavailable: number;
  /** The draft made, the connection cut before the answer. */
  readonly appliedThenCut: number;
  /** A recipient refused, for good until somebody orders a replay. */
  readonly rejected: number;
  /** Made when the lease is over and nobody waits for it any more. */
  readonly late: number;
  /** The list of drafts refused for good, so that a request fails whose draft may be there. */
  readonly findRejected: number;
  /** 503 to the list of drafts. */
  readonly findUnavailable: number;
}

const LATE_LEASES = 1.4;

/**
 * Scripts one create that is refused and one whose answer is lost, so that whoever meets them first has met them, and has its peace
 * for so many more.
 */
export function scriptOneOfEach(faults: FaultScript, wellAfter: number): void {
  faults.next("drafts.create", 1, REJECTED);
  faults.next("drafts.create", 1, APPLIED_THEN_CUT);
  faults.next("drafts.create", wellAfter, WELL);
}

/** Scripts the fate of so many creates, and of as many finds, well or not, in the order of chance. */
export function scriptGoogle(
  faults: FaultScript,
  calls: number,
  { rates, leaseMs }: { readonly rates: GoogleFaultRates; readonly leaseMs: number },
  chance: () => number,
): void {
  const late: Fault = { kind: "stall", ms: LATE_LEASES * leaseMs };
  script(faults, "drafts.create", calls, chance, [
    [rates.throttled, { kind: "answer", error: "userRateLimitExceeded" }],
    [rates.unavailable, UNAVAILABLE],
    [rates.appliedThenCut, APPLIED_THEN_CUT],
    [rates.rejected, REJECTED],
    [rates.late, late],
  ]);
  script(faults, "drafts.list", calls, chance, [
    [rates.findRejected, { kind: "answer", error: "invalidArgument" }],
    [rates.findUnavailable, UNAVAILABLE],
  ]);
}

const APPLIED_THEN_CUT: Fault = { kind: "drop", after: true };
const UNAVAILABLE: Fault = { kind: "answer", error: "unavailable" };
const REJECTED: Fault = { kind: "answer", error: "invalidHeader" };
const WELL: Fault = { kind: "stall", ms: 0 };

/** Calls in a row that go well are one entry: each call looks for its own from the front. */
function script(
  faults: FaultScript,
  operation: Operation,
  calls: number,
  chance: () => number,
  fates: readonly (readonly [share: number, fault: Fault])[],
): void {
  let well = 0;
  const endWell = (): void => {
    if (well > 0) faults.next(operation, well, WELL);
    well = 0;
  };
  for (let n = 0; n < calls; n++) {
    const fault = drawn(chance(), fates);
    if (fault === null) {
      well += 1;
      continue;
    }
    endWell();
    faults.next(operation, 1, fault);
  }
  endWell();
}

function drawn(draw: number, fates: readonly (readonly [share: number, fault: Fault])[]): Fault | null {
  let below = 0;
  for (const [share, fault] of fates) {
    below += share;
    if (draw < below) return fault;
  }
  return null;
}
