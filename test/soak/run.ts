import { parseArgs } from "node:util";
import { SWITCHED_OFF } from "./mutations.ts";
import { runSoak, type SoakFigures } from "./soak.ts";

/**
 * `npm run soak`: the whole of it, or as much as is asked for. With `--mutations` the protocol with one rule less at a time,
 * each of which must break. Exits 1 when anything is lost, doubled or unexplained, or a missing rule does not show.
 */
const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "10000" },
    kills: { type: "string", default: "2000" },
    workers: { type: "string", default: "4" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    every: { type: "string", default: "20" },
    within: { type: "string", default: "1800" },
    mutations: { type: "boolean", default: false },
  },
});

const seed = Number(values.seed);
const options = { workers: Number(values.workers), seed, killEveryMs: Number(values.every) };
process.stdout.write(`seed ${seed}\n`);
if (values.mutations) await runMutations();
else await runWhole();

async function runWhole(): Promise<void> {
  let toldMs = 0;
  const figures = await runSoak({
    ...options,
    requests: Number(values.requests),
    kills: Number(values.kills),
    withinMs: Number(values.within) * 1_000,
    onProgress(line) {
      if (performance.now() - toldMs < 2_000 && line.includes("published,")) return;
      toldMs = performance.now();
      process.stdout.write(`${(toldMs / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);
    },
  });
  const { lost, duplicated, unexplained, ...rest } = figures;
  for (const [name, value] of Object.entries(rest)) process.stdout.write(`${name.padEnd(22)} ${value}\n`);
  for (const [name, ids] of Object.entries({ lost, duplicated, unexplained })) {
    process.stdout.write(`${name.padEnd(22)} ${ids.length} ${ids.slice(0, 10).join(" ")}\n`);
  }
  if (lost.length + duplicated.length + unexplained.length > 0 || figures.kills < Number(values.kills)) {
    process.exitCode = 1;
  }
}

/** Few requests, so that all of them take a minute; the control shows that the same faults break nothing otherwise. */
async function runMutations(): Promise<void> {
  const small = { ...options, requests: 150, kills: 12, withinMs: 20_000 };
  const control = await runSoak({ ...small, withinMs: 60_000 });
  const isWell = control.created === small.requests && control.duplicatedBeforeSweep === 0;
  tell("control", "nothing", control, isWell);
  for (const { name, without, mutations, breaks } of SWITCHED_OFF) {
    const figures = await runSoak({ ...small, mutations });
    const shows = breaks === "lost" ? figures.lost.length > 0 : figures.duplicatedBeforeSweep > 0;
    tell(name, without, figures, shows);
  }
}

function tell(name: string, without: string, figures: SoakFigures, isAsExpected: boolean): void {
  const { lost, duplicatedBeforeSweep, created, seconds } = figures;
  const verdict = isAsExpected ? "as it must be" : "NOT AS IT MUST BE";
  process.stdout.write(
    `${name.padEnd(8)} without ${without}: ${created} created, ${duplicatedBeforeSweep} duplicated, ${lost.length} lost, ${seconds} s: ${verdict}\n`,
  );
  if (!isAsExpected) process.exitCode = 1;
}
