import type { FrontDoorRates } from "./front-door.ts";
import type { GoogleFaultRates } from "./google-faults.ts";

/** What goes wrong in a run, and how often. */
export interface Scene {
  /** How long a claim holds; Google's deadline is a sixth of it. */
  readonly leaseMs: number;
  readonly workers: number;
  /** Over which the requests are spread. A worker that finds itself refused leaves a mailbox alone for two seconds. */
  readonly mailboxes: number;
  /** Time between two kills on average. */
  readonly killEveryMs: number;
  /** How many pushes are out, however many of them fail: failures must not leave the workers without work. */
  readonly pushWindow: number;
  /** How long a worker is stopped: so many leases, by chance. */
  readonly pause: { readonly least: number; readonly most: number };
  readonly google: GoogleFaultRates;
  readonly door: FrontDoorRates;
}

/** Everything that happens to a deployment on a bad day, at once. */
export const BAD_DAY: Scene = {
  leaseMs: 1_000,
  workers: 4,
  mailboxes: 30,
  killEveryMs: 20,
  pushWindow: 12,
  pause: { least: 1.02, most: 1.5 },
  google: {
    throttled: 0.05,
    unavailable: 0.03,
    appliedThenCut: 0.05,
    rejected: 0.01,
    late: 0,
    findRejected: 0.05,
    findUnavailable: 0,
  },
  door: { lostAck: 0.02, duplicate: 0.03 },
};

export const NOTHING_WRONG: GoogleFaultRates = {
  throttled: 0,
  unavailable: 0,
  appliedThenCut: 0,
  rejected: 0,
  late: 0,
  findRejected: 0,
  findUnavailable: 0,
};

/** Google's emulator takes its time, and a claim's create may leave in a third of the lease only. */
export const BAD_DAY_ON_FIRESTORE: Scene = { ...BAD_DAY, leaseMs: 2_000 };
