import { BAD_DAY, NOTHING_WRONG, type Scene } from "./scene.ts";

/** A short run in which one kind of trouble is frequent, so that a missing rule shows soon. */
export interface Trial {
  readonly name: string;
  readonly scene: Scene;
  readonly requests: number;
  readonly kills: number;
  readonly pauses: number;
  /**
   * Of so many requests the whole protocol, too, lets a second draft show for a while, until the sweep: of one whose draft
   * lands late. None unless given.
   */
  readonly doublesAtMost?: number;
}

const LEASE_MS = 1_500;
/** Few of each, so that requests meet. */
const CROWDED: Scene = { ...BAD_DAY, leaseMs: LEASE_MS, mailboxes: 3, pushWindow: 8 };

/** Workers die, and answers of Gmail are lost. */
export const KILLED: Trial = {
  name: "killed",
  scene: {
    ...CROWDED,
    workers: 3,
    google: { ...BAD_DAY.google, appliedThenCut: 0.15, findRejected: 0 },
  },
  requests: 80,
  kills: 6,
  pauses: 0,
};

/** Finds are refused, for now or for good, so that requests go back or fail whose draft may be there. */
export const REFUSED: Trial = {
  name: "refused",
  scene: {
    ...CROWDED,
    workers: 2,
    google: { ...NOTHING_WRONG, appliedThenCut: 0.3, rejected: 0.1, findRejected: 0.4, findUnavailable: 0.3 },
  },
  requests: 80,
  kills: 0,
  pauses: 0,
};

/** Many requests fail, under workers that die. */
export const FAILING: Trial = {
  name: "failing",
  scene: { ...CROWDED, workers: 3, google: { ...NOTHING_WRONG, rejected: 0.4 } },
  requests: 80,
  kills: 12,
  pauses: 0,
};

/** Drafts land when the next attempt has made another. */
export const LATE: Trial = {
  name: "late",
  scene: { ...CROWDED, workers: 2, google: { ...NOTHING_WRONG, late: 0.2 } },
  requests: 30,
  kills: 0,
  pauses: 0,
  doublesAtMost: 30,
};

export const TRIALS: readonly Trial[] = [KILLED, REFUSED, FAILING, LATE];
