import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../support/readme.ts";
import type { Bench, BenchResult, Scale } from "./bench-context.ts";
import { SOAK, type SoakOptions, soakOf } from "./benches/soak.ts";
import { ALL_BENCHES } from "./benches.ts";
import { capacityTables } from "./cost/capacity-tables.ts";
import type { CostFigures } from "./cost/cost-model.ts";
import { killChildren } from "./measure/child.ts";
import { busyness, describeMachine } from "./measure/machine.ts";
import { parseVariant } from "./measure/variant.ts";
import { replaceSection } from "./report/marked-section.ts";
import { renderPlot } from "./report/plot.ts";
import { isMet, renderBench, renderReport } from "./report/report.ts";
import { runBenches } from "./run-benches.ts";

const HELP = `Usage: npm run bench -- [NAME…] [options]

Measures the product as shipped against its targets and peers, on Linux with two processors of its own. Without a name all
of it, in less than ten minutes, and the result goes to infra/docs (benchmarks.md, capacity.md); with names it is only printed.

${[...ALL_BENCHES, soakOf()].map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join("\n")}

  --rounds N        rounds of each bench (default: 5)
  --quick           a look whether all of it runs: short windows, one round, no result to rely on
  --minutes N       how long the soak takes (default: 5)
  --rate N          requests that the soak sends to each service in a second (default: 20)
  --leak BYTES      what each request of the soak is made to leave behind, which it must then tell
  --write           keeps the soak in infra/docs/benchmarks.md
  --variant 'NAME:SETTING=VALUE,…'
                    the product with other settings as a row of its own; checkout=FOLDER for another checkout's
  --help            this text
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "5" },
    quick: { type: "boolean", default: false },
    minutes: { type: "string", default: String(SOAK.minutes) },
    rate: { type: "string", default: String(SOAK.perSecond) },
    leak: { type: "string", default: "0" },
    write: { type: "boolean", default: false },
    variant: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", default: false },
  },
});

const PLOTS = "benchmarks";

if (values.help) process.stdout.write(HELP);
else await main();

async function main(): Promise<void> {
  if (process.platform !== "linux") throw new Error("the benchmarks read /proc: they run on Linux only");
  process.once("exit", killChildren);
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const rounds = wholeNumber("rounds", values.rounds);
  const scale: Scale = values.quick
    ? { rounds: 1, windowMs: 400, warmMs: 400, divisor: 20 }
    : { rounds, windowMs: 1_500, warmMs: 5_000, divisor: 1 };
  const begunMs = performance.now();
  const tell = (line: string): void => {
    const seconds = Math.round((performance.now() - begunMs) / 1_000);
    process.stdout.write(`${String(seconds).padStart(4)} s  ${line}\n`);
  };
  const machine = describeMachine();
  for (const line of machine) tell(line);
  const busy = busyness();
  if (busy > 0.5) tell(`others keep this machine busy (load ${busy.toFixed(1)}): only the ratios mean anything`);
  const variants = values.variant.map(parseVariant);
  const results = await runBenches(chosen(), { scale, variants, tell });
  const report = renderReport(results, {
    date: today(),
    machine,
    scale: `Medians of ${scale.rounds} rounds, with the least and the most in brackets; ratios round by round. The load of the machine before it was ${busy.toFixed(1)}.`,
    plotFolder: PLOTS,
  });
  process.stdout.write(`\n${report}\n\n`);
  const isWhole = positionals.length === 0 && !values.quick;
  if (isWhole) writeResult(report, results);
  if (values.write) writeSoak(results, machine);
  const missed = results.flatMap(({ targets }) => targets).filter((target) => !isMet(target));
  tell(missed.length === 0 ? "all targets met" : `${missed.length} targets missed`);
  // Of the others a slow machine misses some.
  if (missed.some(({ isFirm }) => isFirm)) process.exitCode = 1;
}

function chosen(): readonly Bench[] {
  if (positionals.length === 0) return ALL_BENCHES;
  const known = [...ALL_BENCHES, soakOf(soakOptions())];
  return positionals.map((name) => {
    const bench = known.find((one) => one.name === name);
    if (bench === undefined) throw new Error(`there is no bench ${name}; see --help`);
    return bench;
  });
}

function writeResult(report: string, results: readonly BenchResult[]): void {
  const folder = join(ROOT, "infra/docs", PLOTS);
  writePlots(results);
  rewrite("infra/docs/benchmarks.md", { bench: report });
  const figures = Object.assign({}, ...results.map((result) => result.figures)) as CostFigures;
  writeFileSync(join(folder, "figures.json"), `${JSON.stringify(figures, null, 2)}\n`);
  rewrite("infra/docs/capacity.md", capacityTables(figures));
}

function soakOptions(): SoakOptions {
  const options = { minutes: Number(values.minutes), perSecond: Number(values.rate), leakBytes: Number(values.leak) };
  const { minutes, perSecond, leakBytes } = options;
  if (!(minutes > 0 && perSecond > 0 && leakBytes >= 0)) throw new Error("--minutes, --rate and --leak are numbers");
  return options;
}

/** The last hour that was kept stays until the next one is. */
function writeSoak(results: readonly BenchResult[], machine: readonly string[]): void {
  const soak = results.find(({ name }) => name === "soak");
  if (soak === undefined) throw new Error("--write keeps the soak: npm run bench -- soak --minutes 60 --write");
  writePlots([soak]);
  const taken = `Taken on ${today()} by \`npm run bench -- soak --minutes ${values.minutes} --rate ${values.rate} --write\` on ${machine.join("; ")}.`;
  rewrite("infra/docs/benchmarks.md", { soak: [taken, ...renderBench(soak, PLOTS)].join("\n\n") });
}

function writePlots(results: readonly BenchResult[]): void {
  const folder = join(ROOT, "infra/docs", PLOTS);
  mkdirSync(folder, { recursive: true });
  for (const plot of results.flatMap(({ plots }) => plots)) {
    writeFileSync(join(folder, `${plot.name}.svg`), renderPlot(plot));
  }
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

/** Replaces sections of a page by their names. */
function rewrite(path: string, sections: Readonly<Record<string, string>>): void {
  const page = join(ROOT, path);
  let text = readFileSync(page, "utf8");
  for (const [name, content] of Object.entries(sections)) text = replaceSection(text, name, content);
  writeFileSync(page, text);
  process.stdout.write(`written to ${path}\n`);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1, not ${text}`);
  return value;
}
