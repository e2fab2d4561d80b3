import { systemClock } from "@draftmill/shared/clock.ts";
import { chanceOf } from "../support/chance.ts";
import type { Scene } from "./scene.ts";
import type { Stage } from "./stage.ts";
import type { Tally } from "./tally.ts";

export interface Strikes {
  readonly scene: Scene;
  readonly requests: number;
  readonly kills: number;
  readonly pauses: number;
  readonly seed: number;
  readonly tally: Tally;
  readonly isOver: () => boolean;
}

/** The share of the work left for each kill that a worker does before it, on average: the kills are over first. */
const WORK_OF_A_LIFE = 0.5;
/** How often it is looked for something to strike. */
const LOOK_EVERY_MS = 50;
const OVERTAKEN_LOOK_EVERY_MS = 5;
/** An overtaken worker goes on when the other is in the midst of its first call: in parts of what a call takes. */
const OVERTAKEN_BY = 0.4;
/** In leases: what it had under way may have been done before it was stopped. */
const OVERTAKEN_WITHIN = 2;

/** Kills and stops workers while there is work. Resolves when that is over and all of them live. */
export async function strike(stage: Stage, strikes: Strikes): Promise<void> {
  await Promise.all([kill(stage, strikes), pause(stage, strikes)]);
}

async function kill({ fleet }: Stage, { scene, requests, kills, seed, tally, isOver }: Strikes): Promise<void> {
  const chance = chanceOf(seed + 1);
  while (fleet.kills() < kills && tally.made < requests && !isOver()) {
    const draw = chance();
    const before = fleet.kills();
    while (fleet.kills() === before && tally.made < requests && !isOver()) {
      await systemClock.sleep(-Math.log(1 - chance()) * scene.killEveryMs);
      const workOfALife = (2 * WORK_OF_A_LIFE * (requests - tally.made)) / (kills - before);
      tally.recoveries.begin(fleet.kill(chance, Math.floor(draw * workOfALife)));
    }
  }
  await fleet.complete();
}

/** Spread evenly over the work. */
async function pause(stage: Stage, { scene, requests, pauses, seed, tally, isOver }: Strikes): Promise<void> {
  const { fleet } = stage;
  const chance = chanceOf(seed + 2);
  while (fleet.pauses() < pauses && tally.made < requests && !isOver()) {
    await systemClock.sleep(LOOK_EVERY_MS);
    if (tally.made < ((fleet.pauses() + 1) * requests) / (pauses + 1)) continue;
    fleet.pause(chance, (ids) => endOfPause(stage, scene, ids, chance()));
  }
  await fleet.complete();
}

async function endOfPause(
  { ledger }: Stage,
  { leaseMs, latencyMs, pause: until }: Scene,
  ids: readonly string[],
  draw: number,
): Promise<void> {
  if (until !== "overtaken") return systemClock.sleep((until.least + draw * (until.most - until.least)) * leaseMs);
  const fences = async () => Promise.all(ids.map(async (id) => (await ledger.get(id))?.fence ?? 0));
  const before = await fences();
  const latestMs = performance.now() + OVERTAKEN_WITHIN * leaseMs;
  while (performance.now() < latestMs && (await fences()).every((fence, n) => fence === before[n])) {
    await systemClock.sleep(OVERTAKEN_LOOK_EVERY_MS);
  }
  await systemClock.sleep(OVERTAKEN_BY * latencyMs);
}
