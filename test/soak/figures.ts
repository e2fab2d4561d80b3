import type { Reckoning } from "../support/reckoning.ts";
import { quantile } from "./recovery-times.ts";
import type { Replayer } from "./replays.ts";
import type { Stage } from "./stage.ts";
import type { Tally } from "./tally.ts";

export interface SoakFigures extends Reckoning {
  readonly seconds: number;
  readonly kills: number;
  readonly pauses: number;
  readonly duplicatePushes: number;
  readonly lostAcks: number;
  readonly failures: number;
  readonly replays: number;
  /** Requests that were on record as a failure and have no dead letter. */
  readonly untold: readonly string[];
  /** Requests that had more than one draft at some time. */
  readonly doubled: number;
  /** Requests with more than one draft when everything but the sweep had come to rest. */
  readonly duplicatedBeforeSweep: number;
  readonly extrasDeleted: number;
  /** Drafts that a later attempt or the sweep found instead of making another. */
  readonly found: number;
  readonly claimsPer1000: number;
  readonly createsPer1000: number;
  readonly listsPer1000: number;
  readonly getsPer1000: number;
  /** From the death of a worker to the draft of a request that it had under way. */
  readonly recoveryMedianMs: number;
  readonly recoveryWorstMs: number;
}

export function figuresOf(run: {
  readonly stage: Stage;
  readonly tally: Tally;
  readonly replayer: Replayer;
  readonly reckoning: Reckoning;
  readonly before: Reckoning;
  readonly untold: readonly string[];
  readonly claims: number;
  readonly seconds: number;
}): SoakFigures {
  const { stage, tally, replayer, reckoning, before, untold } = run;
  const { fleet, door, google } = stage;
  const per1000 = (count: number): number => Math.round((1_000 * count) / Math.max(1, reckoning.created));
  const recoveries = tally.recoveries.all();
  return {
    ...reckoning,
    seconds: run.seconds,
    kills: fleet.kills(),
    pauses: fleet.pauses(),
    duplicatePushes: door.figures.duplicates,
    lostAcks: door.figures.lostAcks,
    failures: tally.failures,
    replays: replayer.ordered(),
    untold,
    doubled: Math.max(tally.doubled, before.duplicated.length),
    duplicatedBeforeSweep: before.duplicated.length,
    extrasDeleted: tally.extrasDeleted,
    found: tally.found,
    claimsPer1000: per1000(run.claims),
    createsPer1000: per1000(google.calls.count("drafts.create")),
    listsPer1000: per1000(google.calls.count("drafts.list")),
    getsPer1000: per1000(google.calls.count("drafts.get")),
    recoveryMedianMs: quantile(recoveries, 0.5),
    recoveryWorstMs: quantile(recoveries, 1),
  };
}
