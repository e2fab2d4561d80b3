import type { OrderedChild } from "./child.ts";
import type { Mark } from "./protocol.ts";

/** What one configuration did in one round. */
export interface Sample {
  readonly perSecond: number;
  /** Of the process under test, for each operation, in microseconds. */
  readonly cpuUs: number;
  /** Of everything that stands for Google, for each operation. */
  readonly counterpartUs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly done: number;
  readonly seconds: number;
}

/** A configuration that is up and warm, and is loaded only while it is measured. */
export interface Candidate {
  readonly name: string;
  /** How it is configured, for the table. */
  readonly configuration: string;
  measure(windowMs: number): Promise<Sample>;
}

export type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Time for connections to open and queues to fill before a window begins; no longer than the window. */
const SETTLE_MS = 300;
/** A window in which less is done, on a machine that others keep busy, goes on for as long again, but not for ever. */
const DONE_AT_LEAST = 20;
const WINDOW_MAX_MS = 30_000;

/**
 * Measures each candidate once in each round, in an order that moves on by one, so that whatever changes on the machine
 * while the rounds go by meets all of them alike.
 */
export async function interleave(
  candidates: readonly Candidate[],
  rounds: number,
  windowMs: number,
  tell: (line: string) => void,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    const told: string[] = [];
    for (let turn = 0; turn < candidates.length; turn++) {
      const candidate = candidates[(round + turn) % candidates.length];
      if (candidate === undefined) continue;
      const sample = await candidate.measure(windowMs);
      samples.get(candidate.name)?.push(sample);
      told.push(`${candidate.name} ${Math.round(sample.perSecond)}/s ${Math.round(sample.cpuUs)} µs`);
    }
    tell(`round ${round + 1} of ${rounds}: ${told.join(" · ")}`);
  }
  return samples;
}

/** One window of an endless load: the marks are of one process, so that counts, times and costs belong together. */
export async function measureWindow(
  load: OrderedChild,
  settings: unknown,
  costs: { readonly subject: number; readonly counterparts: readonly number[] },
  windowMs: number,
): Promise<Sample> {
  await load.start(settings);
  await sleep(Math.min(SETTLE_MS, windowMs));
  const pids = [costs.subject, ...costs.counterparts];
  const before = await load.mark(pids);
  let after = before;
  while (after.done - before.done < DONE_AT_LEAST && after.failed === before.failed) {
    if (after.atMs - before.atMs > WINDOW_MAX_MS) break;
    await sleep(windowMs);
    after = await load.mark(pids);
  }
  await load.rest();
  return between(before, after);
}

/** So many requests, from the first to the last answer; `settings` say how many. */
export async function measureRequests(
  load: OrderedChild,
  settings: unknown,
  costs: { readonly subject: number; readonly counterparts: readonly number[] },
): Promise<Sample> {
  const pids = [costs.subject, ...costs.counterparts];
  const before = await load.mark(pids);
  await load.start(settings);
  const after = await load.mark(pids);
  await load.rest();
  return between(before, after);
}

export function between(before: Mark, after: Mark): Sample {
  if (after.failed > before.failed) {
    throw new Error(`${after.failed - before.failed} operations failed; the first: ${after.firstFailure}`);
  }
  const done = after.done - before.done;
  if (done === 0) throw new Error("nothing was done in the whole window");
  const seconds = (after.atMs - before.atMs) / 1_000;
  const [subjectMs = Number.NaN, ...counterpartsMs] = after.cpuMs.map((ms, index) => ms - (before.cpuMs[index] ?? 0));
  const counterpartMs = counterpartsMs.reduce((sum, ms) => sum + ms, 0);
  return {
    perSecond: done / seconds,
    cpuUs: (subjectMs * 1_000) / done,
    counterpartUs: (counterpartMs * 1_000) / done,
    p50Ms: after.p50Ms,
    p99Ms: after.p99Ms,
    done,
    seconds,
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
