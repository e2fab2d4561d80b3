import { brokenBy, type Invariant, isAtRest, isIllegalStep } from "./invariants.ts";
import type { Model } from "./model.ts";
import { firstState } from "./state.ts";
import { StateCodec } from "./state-codec.ts";
import { allSteps } from "./steps/all-steps.ts";

/** A shortest way from the beginning to a state that breaks an invariant, step by step. */
export type Trace = readonly string[];

export interface Found {
  readonly states: number;
  /** How many of them are at rest. */
  readonly resting: number;
  /** Steps to the state that is farthest from the beginning. */
  readonly depth: number;
  /** The first that the search met, by invariant: no way is shorter. */
  readonly broken: ReadonlyMap<Invariant, Trace>;
  /** False when the search ended early: at `until`, or because memory holds no more states. */
  readonly isExhaustive: boolean;
}

export interface SearchOptions {
  /** End as soon as each of these is broken. Without it the whole space is searched. */
  readonly until?: readonly Invariant[];
  /** Called now and then with how many states have been found and how many of them are still to be expanded. */
  readonly onProgress?: (states: number, open: number) => void;
}

/** A Map of V8 holds 2^24 entries (measured: "Map maximum size exceeded"). Ten million states take about 2 GB. */
const STATES_MAX = 16_000_000;
/** States between two calls of `onProgress`: about a tenth of a second. */
const PROGRESS_EVERY = 10_000;

/** Breadth first through every state that can be reached: every interleaving of every step, within the bounds. */
export function search(model: Model, options: SearchOptions = {}): Found {
  const codec = new StateCodec(model.bounds);
  const keys: string[] = [];
  const parents: number[] = [];
  const indexOf = new Map<string, number>();
  const broken = new Map<Invariant, Trace>();
  let resting = 0;
  let depth = 0;

  const add = (key: string, parent: number): void => {
    indexOf.set(key, keys.length);
    keys.push(key);
    parents.push(parent);
  };
  const traceTo = (index: number): string[] => {
    const way: number[] = [];
    for (let at = index; at !== -1; at = parents[at] ?? -1) way.unshift(at);
    return way.slice(1).map((to, step) => labelOf(model, codec, keys[way[step] ?? 0] ?? "", keys[to] ?? ""));
  };
  const isDone = (): boolean => options.until?.every((invariant) => broken.has(invariant)) ?? false;
  const ended = (isExhaustive: boolean): Found => ({ states: keys.length, resting, depth, broken, isExhaustive });

  add(codec.encode(firstState(model.bounds)), -1);
  let levelEnd = 1;
  for (let index = 0; index < keys.length; index += 1) {
    if (index === levelEnd) {
      depth += 1;
      levelEnd = keys.length;
    }
    if (index % PROGRESS_EVERY === 0) options.onProgress?.(keys.length, keys.length - index);
    const state = codec.decode(keys[index] ?? "");
    const atRest = isAtRest(model, state);
    if (atRest) resting += 1;
    for (const invariant of brokenBy(model, state)) {
      if (!broken.has(invariant)) broken.set(invariant, traceTo(index));
    }
    let isStuck = !atRest;
    allSteps(model, state, (label, next) => {
      isStuck = false;
      if (!broken.has("illegal-move") && isIllegalStep(model, state, next)) {
        broken.set("illegal-move", [...traceTo(index), label]);
      }
      const key = codec.encode(next);
      if (!indexOf.has(key)) add(key, index);
    });
    if (isStuck && !broken.has("stuck")) broken.set("stuck", traceTo(index));
    if (options.until !== undefined && isDone()) return ended(false);
    if (keys.length > STATES_MAX) return ended(false);
  }
  return ended(true);
}

/** Labels are not kept for millions of states: the step is taken again. */
function labelOf(model: Model, codec: StateCodec, from: string, to: string): string {
  let found = "";
  allSteps(model, codec.decode(from), (label, next) => {
    if (found === "" && codec.encode(next) === to) found = label;
  });
  return found;
}
