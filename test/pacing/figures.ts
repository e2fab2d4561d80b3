import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";
import type { Scenario } from "./scenarios.ts";
import { type Simulated, type SimulatedRequest, simulate } from "./simulate.ts";

/** What a scenario came to, as the mean of its runs; nacks and what went wrong in all of them together. */
export interface Figures {
  readonly name: string;
  readonly quota: string;
  readonly workers: number;
  readonly mailboxes: number;
  readonly drafts: number;
  /** What the units of the drafts come to at the quota; null where the quota is not the same all the time. */
  readonly quotaMs: number | null;
  readonly optimumMs: number;
  readonly drainedMs: number;
  /** How often the one goes into the other. */
  readonly ratio: number;
  /** Of the calls to Gmail. */
  readonly refusedShare: number;
  readonly nacks: number;
  readonly dead: number;
  readonly handedBack: number;
  readonly left: number;
  readonly outstandingPerKeyMax: number;
}

export async function figuresOf(scenario: Scenario): Promise<Figures> {
  const { name, mailboxes, simulation, optimum = {}, seeds } = scenario;
  const best = await simulate({ ...simulation, ...optimum, withOracle: true });
  const runs: Simulated[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) runs.push(await simulate({ ...simulation, seed }));
  const mean = (of: (run: Simulated) => number): number => runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const sum = (of: (run: Simulated) => number): number => runs.reduce((total, run) => total + of(run), 0);
  const { gmail, quotaChanges, othersUnitsPerMinute } = simulation;
  const isSteady = quotaChanges === undefined && othersUnitsPerMinute === undefined;
  const drafts = simulation.requests.length;
  const drainedMs = mean((run) => run.drainedMs);
  return {
    name,
    quota: simulation.gmail.quota.kind,
    workers: simulation.workers,
    mailboxes,
    drafts,
    quotaMs: isSteady ? ((drafts / mailboxes) * DRAFT_UNITS * 60_000) / gmail.unitsPerMinute : null,
    optimumMs: best.drainedMs,
    drainedMs,
    ratio: drainedMs / best.drainedMs,
    refusedShare: mean(({ refused, calls }) => refused / calls),
    nacks: sum(({ nacks }) => nacks),
    dead: sum(({ dead }) => dead),
    handedBack: mean(({ handedBack }) => handedBack),
    left: sum(({ left }) => left),
    outstandingPerKeyMax: Math.max(...runs.map((run) => run.outstandingPerKeyMax)),
  };
}

/** The value below which a share of them lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** How long the requests took that fit, in milliseconds. */
export function tookOf(run: Simulated, fits: (request: SimulatedRequest) => boolean): readonly number[] {
  return [...run.tookMs].filter(([request]) => fits(request)).map(([, ms]) => ms);
}
