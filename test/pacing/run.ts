import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { bystandersOf } from "./bystanders.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type RealFigures, type RealLoad, runForReal } from "./real-run.ts";
import { allScenarios, FIXED, NEW_QUOTA, SLIDING } from "./scenarios.ts";
import { count, percent, seconds, tableOf } from "./table.ts";

/**
 * `npm run pacing`: the product's limiter in virtual time, as tables; some minutes. With `--real` in place of that real processes
 * and the sandbox's quota, with `--lapse 1` in no less than real time. Names choose the scenarios that contain one of them. Exits 1
 * if a request was lost or wrongly given up.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { real: { type: "boolean", default: false }, lapse: { type: "string" } },
});
const isChosen = (name: string): boolean => positionals.length === 0 || positionals.some((part) => name.includes(part));

const WORKERS = [1, 3, 8, 20];
const WITHIN_MS = 900_000;

/** Two cores make about 50 drafts a second: a hundred mailboxes get a tenth of the quota, and time runs as fast as that allows. */
const REAL: readonly RealLoad[] = [1, 3, 8].flatMap((workers) => [
  { workers, mailboxes: 1, draftsEach: 2_400, unitsPerMinute: NEW_QUOTA, timeLapse: 4, alone: 20 },
  { workers, mailboxes: 10, draftsEach: 240, unitsPerMinute: NEW_QUOTA / 10, timeLapse: 4, alone: 20 },
  { workers, mailboxes: 100, draftsEach: 60, unitsPerMinute: NEW_QUOTA / 20, timeLapse: 1, alone: 20 },
]);

const isWell = values.real ? await tellReal() : await tellSimulated();
if (!isWell) process.exitCode = 1;

async function tellSimulated(): Promise<boolean> {
  const figures: Figures[] = [];
  for (const scenario of allScenarios()) {
    if (!isChosen(scenario.name)) continue;
    figures.push(await figuresOf(scenario));
    process.stderr.write(".");
  }
  process.stderr.write("\n");
  const worlds = Map.groupBy(figures, ({ name, quota, mailboxes, drafts }) => [name, quota, mailboxes, drafts].join());
  const perWorkers = WORKERS.map((workers) => `${workers}×`).join();
  print(`scenario,quota,mailboxes,drafts,best s,${perWorkers},refused %,nacks,dead`, [...worlds.values()].map(rowOf));
  if (isChosen("bystanders")) await tellBystanders();
  return figures.every(({ dead, left }) => dead + left === 0);
}

/** One world, with as many workers as there are columns for. */
function rowOf(rows: readonly Figures[]): readonly string[] {
  const best = Math.min(...rows.map(({ optimumMs }) => optimumMs));
  const sum = (of: (row: Figures) => number): string => `${rows.reduce((total, row) => total + of(row), 0)}`;
  const ratios = rows.map(({ ratio }) => ratio.toFixed(2));
  const refused = rows.map(({ refusedShare }) => percent(refusedShare)).join(" · ");
  const [{ name = "", quota = "", mailboxes = 0, drafts = 0 } = {}] = rows;
  const world = [name, quota, `${mailboxes}`, count(drafts), seconds(best)];
  return [...world, ...ratios, refused, sum(({ nacks }) => nacks), sum(({ dead }) => dead)];
}

async function tellBystanders(): Promise<void> {
  const rows: string[][] = [];
  for (const quota of [FIXED, SLIDING]) {
    for (const workers of WORKERS) {
      const row = await bystandersOf(workers, quota);
      const alone = [seconds(row.aloneP99Ms, 2), seconds(row.aloneInBatchP99Ms, 2)];
      const same = [seconds(row.sameMailboxP50Ms, 1), seconds(row.sameMailboxP95Ms, 1)];
      rows.push([row.quota, `${workers}`, seconds(row.smallP95Ms, 1), ...alone, ...same]);
    }
  }
  print("quota,workers,small p95 s,alone p99 s,in a batch s,same mailbox p50 s,p95 s", rows);
}

async function tellReal(): Promise<boolean> {
  const figures: RealFigures[] = [];
  for (const load of REAL) {
    if (positionals.length > 0 && !positionals.includes(`${load.workers}x${load.mailboxes}`)) continue;
    const startMs = performance.now();
    const timeLapse = Math.min(load.timeLapse, Number(values.lapse ?? load.timeLapse));
    const row = await runForReal({ ...load, timeLapse }, WITHIN_MS);
    figures.push(row);
    process.stderr.write(
      `${load.workers} workers, ${load.mailboxes} mailboxes: ${seconds(performance.now() - startMs)} s, load ${loadOf()}\n`,
    );
  }
  print(
    "workers,mailboxes,drafts,units/min,time ×,best s,took s,× best,refused %,nacks,dead,simulated ×,refused %,per key,alone p95 s,in a batch s",
    figures.map((row) => [
      ...worldOf(row),
      count(row.mailboxes * row.draftsEach),
      count(row.unitsPerMinute),
      `${row.timeLapse}`,
      ...resultOf(row),
      (row.simulatedMs / row.optimumMs).toFixed(2),
      percent(row.simulatedRefusedShare),
      `${row.outstandingPerKeyMax}`,
      seconds(row.aloneP95Ms, 2),
      seconds(row.aloneInBatchP95Ms, 2),
    ]),
  );
  return figures.every(({ dead, nacks, outstandingPerKeyMax }) => dead + nacks === 0 && outstandingPerKeyMax <= 1);
}

/** Of the machine, in the minute before. */
function loadOf(): string {
  const [minute = 0] = loadavg();
  return minute.toFixed(1);
}

function worldOf({ workers, mailboxes }: Pick<Figures, "workers" | "mailboxes">): readonly string[] {
  return [`${workers}`, `${mailboxes}`];
}

function resultOf(
  row: Pick<Figures, "optimumMs" | "drainedMs" | "refusedShare" | "nacks" | "dead">,
): readonly string[] {
  const { optimumMs, drainedMs } = row;
  const times = [seconds(optimumMs), seconds(drainedMs), (drainedMs / optimumMs).toFixed(2)];
  return [...times, percent(row.refusedShare), `${row.nacks}`, `${row.dead}`];
}

function print(header: string, rows: readonly (readonly string[])[]): void {
  process.stdout.write(`\n${tableOf(header.split(","), rows).join("\n")}\n`);
}
