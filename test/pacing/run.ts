import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { bystandersOf } from "./bystanders.ts";
import { type Figures, figuresOf } from "./figures.ts";
import { type RealFigures, type RealLoad, runForReal } from "./real-run.ts";
import { allScenarios, FIXED, NEW_QUOTA, SLIDING } from "./scenarios.ts";
import { count, percent, seconds, tableOf } from "./table.ts";

/**
 * `npm run pacing`: the product's limiter in virtual time, as tables; some minutes. With `--real` in place of that real processes
 * and the sandbox's quota, `--slower 2` at half the speed, for a machine that cannot follow, `--one-topic` without BATCH_TOPIC. Names choose the scenarios that contain one of them. Exits 1
 * if a request was lost or wrongly given up.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    real: { type: "boolean", default: false },
    slower: { type: "string", default: "1" },
    "one-topic": { type: "boolean", default: false },
  },
});
const isChosen = (name: string): boolean => positionals.length === 0 || positionals.some((part) => name.includes(part));

const WORKERS = [1, 3, 8, 20];
const WITHIN_MS = 1_800_000;

/** All at the quota of a new project. Two cores make about 40 drafts a second of it: time runs as slowly as that asks for. */
const REAL: readonly RealLoad[] = [1, 3, 8].flatMap((workers) => [
  { workers, mailboxes: 1, draftsEach: 2_400, unitsPerMinute: NEW_QUOTA, timeLapse: 4, alone: 40 },
  { workers, mailboxes: 10, draftsEach: 1_200, unitsPerMinute: NEW_QUOTA, timeLapse: 0.4, alone: 40 },
  { workers, mailboxes: 100, draftsEach: 100, unitsPerMinute: NEW_QUOTA, timeLapse: 0.04, alone: 40 },
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
  print(
    `scenario,quota,mailboxes,drafts,quota s,× quota,best s,${perWorkers},refused %,nacks,dead`,
    [...worlds.values()].map(rowOf),
  );
  if (isChosen("bystanders")) await tellBystanders();
  return figures.every(({ dead, left }) => dead + left === 0);
}

/** One world, with as many workers as there are columns for. */
function rowOf(rows: readonly Figures[]): readonly string[] {
  const best = Math.min(...rows.map(({ optimumMs }) => optimumMs));
  const sum = (of: (row: Figures) => number): string => `${rows.reduce((total, row) => total + of(row), 0)}`;
  const ratios = rows.map(({ ratio }) => ratio.toFixed(2));
  const [{ quotaMs = null } = {}] = rows;
  const ofQuota = rows.map(({ drainedMs }) => (drainedMs / (quotaMs ?? Number.NaN)).toFixed(2)).join(" · ");
  const refused = rows.map(({ refusedShare }) => percent(refusedShare)).join(" · ");
  const [{ name = "", quota = "", mailboxes = 0, drafts = 0 } = {}] = rows;
  const plain = quotaMs === null ? ["", ""] : [seconds(quotaMs), ofQuota];
  const world = [name, quota, `${mailboxes}`, count(drafts), ...plain, seconds(best)];
  return [...world, ...ratios, refused, sum(({ nacks }) => nacks), sum(({ dead }) => dead)];
}

async function tellBystanders(): Promise<void> {
  const rows: string[][] = [];
  for (const quota of [FIXED, SLIDING]) {
    for (const workers of WORKERS) {
      const row = await bystandersOf(workers, quota);
      const alone = [row.aloneP99Ms, row.aloneInBatchP99Ms, row.aloneAtStartP95Ms].map((ms) => seconds(ms, 2));
      const same = [seconds(row.sameMailboxP50Ms, 1), seconds(row.sameMailboxP95Ms, 1)];
      rows.push([row.quota, `${workers}`, seconds(row.smallP95Ms, 1), ...alone, ...same]);
    }
  }
  print("quota,workers,small p95 s,alone p99 s,in a batch s,at its start s,same mailbox p50 s,p95 s", rows);
}

async function tellReal(): Promise<boolean> {
  const figures: RealFigures[] = [];
  for (const load of REAL) {
    if (positionals.length > 0 && !positionals.includes(`${load.workers}x${load.mailboxes}`)) continue;
    const startMs = performance.now();
    const timeLapse = load.timeLapse / Number(values.slower);
    const row = await runForReal({ ...load, timeLapse, hasOneTopic: values["one-topic"] }, WITHIN_MS);
    figures.push(row);
    process.stderr.write(
      `${load.workers} workers, ${load.mailboxes} mailboxes: ${seconds(performance.now() - startMs)} s, load ${loadOf()}\n`,
    );
  }
  print(
    "workers,mailboxes,drafts,time ×,quota s,took s,× quota,best s,× best,refused %,nacks,dead,simulated × quota,refused %,per key,alone p95 s,in a batch s",
    figures.map((row) => [
      `${row.workers}`,
      `${row.mailboxes}`,
      count(row.mailboxes * row.draftsEach),
      `${row.timeLapse}`,
      seconds(row.quotaMs),
      seconds(row.drainedMs),
      (row.drainedMs / row.quotaMs).toFixed(2),
      seconds(row.optimumMs),
      (row.drainedMs / row.optimumMs).toFixed(2),
      percent(row.refusedShare),
      `${row.nacks}`,
      `${row.dead}`,
      (row.simulatedMs / row.quotaMs).toFixed(2),
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

function print(header: string, rows: readonly (readonly string[])[]): void {
  process.stdout.write(`\n${tableOf(header.split(","), rows).join("\n")}\n`);
}
