import type { SoakFigures } from "./figures.ts";
import { SWITCHED_OFF, type SwitchedOff } from "./mutations.ts";
import { type Break, runSoak } from "./soak.ts";
import { stopOwner } from "./stopped-owner.ts";
import { TRIALS, type Trial } from "./trials.ts";

const WITHIN_MS = 120_000;
/** A rule that is missing shows by chance: so many seeds are tried. */
const TRIES = 6;

/**
 * The whole protocol in each trial, where it must hold, and then with one rule less at a time, which must show. `only` names
 * some of the rules. False when anything is not as it must be.
 */
export async function runMutations(seed: number, only: readonly string[]): Promise<boolean> {
  const switchedOff = SWITCHED_OFF.filter(({ name }) => only.length === 0 || only.includes(name));
  let isWell = switchedOff.length > 0;
  for (const trial of TRIALS.filter((one) => switchedOff.some((rule) => rule.trial === one))) {
    const figures = await runSoak({ ...trial, seed, withinMs: WITHIN_MS });
    const holds = isWhole(figures, trial);
    tell(trial.name, `${figuresOf(figures)}: ${holds ? "holds" : "DOES NOT HOLD"}`, figures.seconds);
    isWell &&= holds;
    for (const rule of switchedOff.filter((one) => one.trial === trial))
      isWell = (await shows(rule, trial, seed)) && isWell;
  }
  const stopped = switchedOff.filter((one) => one.trial === "stopped owner");
  if (stopped.length > 0) isWell = (await stopOwners(stopped)) && isWell;
  return isWell;
}

/** Each once: nothing in it is left to chance. */
async function stopOwners(rules: readonly SwitchedOff[]): Promise<boolean> {
  const whole = await stopOwner([], WITHIN_MS);
  tell(
    "stopped owner",
    `${whole.drafts} draft of one request: ${whole.drafts === 1 ? "holds" : "DOES NOT HOLD"}`,
    whole.seconds,
  );
  let isWell = whole.drafts === 1;
  for (const { name, without, mutations } of rules) {
    const { drafts, seconds } = await stopOwner(mutations, WITHIN_MS);
    tell(`  ${name}`, `without ${without}: ${drafts > 1 ? `${drafts} drafts` : "DOES NOT SHOW"}`, seconds);
    isWell &&= drafts > 1;
  }
  return isWell;
}

async function shows({ name, without, mutations, breaks }: SwitchedOff, trial: Trial, seed: number): Promise<boolean> {
  let seconds = 0;
  for (let n = 0; n < TRIES; n++) {
    const figures = await runSoak({ ...trial, seed: seed + n, mutations, until: breaks, withinMs: WITHIN_MS });
    seconds += figures.seconds;
    const count = countOf(figures, breaks);
    if (count <= (breaks === "doubled" ? (trial.doublesAtMost ?? 0) : 0)) continue;
    tell(`  ${name}`, `without ${without}: ${count} ${breaks}`, seconds);
    return true;
  }
  tell(`  ${name}`, `without ${without}: DOES NOT SHOW`, seconds);
  return false;
}

function isWhole(figures: SoakFigures, { requests, doublesAtMost = 0 }: Trial): boolean {
  const { lost, duplicated, unexplained, untold, created, doubled } = figures;
  const wrong = lost.length + duplicated.length + unexplained.length + untold.length;
  return wrong === 0 && created === requests && doubled <= doublesAtMost;
}

function countOf(figures: SoakFigures, what: Break): number {
  switch (what) {
    case "doubled":
      return figures.doubled;
    case "duplicated":
    case "lost":
    case "untold":
      return figures[what].length;
    default:
      return what satisfies never;
  }
}

function figuresOf({ created, kills, pauses, failures, doubled, duplicated, lost, untold }: SoakFigures): string {
  return `${created} created, ${kills} kills, ${pauses} pauses, ${failures} failures, ${doubled} doubled for a while, ${duplicated.length} at rest, ${lost.length} lost, ${untold.length} untold`;
}

function tell(name: string, text: string, seconds: number): void {
  process.stdout.write(`${name.padEnd(15)} ${seconds.toFixed(1).padStart(6)} s  ${text}\n`);
}
