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
async function pause({ fleet }: Stage, { scene, requests, pauses, seed, tally, isOver }: Strikes): Promise<void> {
  const chance = chanceOf(seed + 2);
  while (fleet.pauses() < pauses && tally.made < requests && !isOver()) {
    await systemClock.sleep(LOOK_EVERY_MS);
    if (tally.made < ((fleet.pauses() + 1) * requests) / (pauses + 1)) continue;
    const { least, most } = scene.pause;
    fleet.pause(chance, systemClock.sleep((least + chance() * (most - least)) * scene.leaseMs));
  }
  await fleet.complete();
}
