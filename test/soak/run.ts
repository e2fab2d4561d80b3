import { parseArgs } from "node:util";
import { findFirestoreEmulator, startFirestoreEmulator } from "../support/firestore-emulator.ts";
import type { SoakFigures } from "./figures.ts";
import { runMutations } from "./run-mutations.ts";
import { BAD_DAY, BAD_DAY_ON_FIRESTORE } from "./scene.ts";
import { runSoak } from "./soak.ts";

/**
 * `npm run soak`: the whole of it, or as much as is asked for, on SQLite or with `--ledger firestore` on Google's emulator.
 * With `--mutations` the protocol with one rule less at a time, each of which must show; names after it choose some of them.
 * Exits 1 when anything is lost, doubled, untold or unexplained, or a missing rule does not show.
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    requests: { type: "string", default: "10000" },
    kills: { type: "string", default: "2000" },
    pauses: { type: "string", default: "100" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    within: { type: "string", default: "3600" },
    ledger: { type: "string", default: "sqlite" },
    mutations: { type: "boolean", default: false },
  },
});

const TELL_EVERY_MS = 2_000;

// Ended from outside, it leaves its folder behind, but no worker.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const seed = Number(values.seed);
process.stdout.write(`seed ${seed}\n`);
const isWell = values.mutations ? await runMutations(seed, positionals) : await runOn(values.ledger);
if (!isWell) process.exitCode = 1;

async function runOn(ledger: string): Promise<boolean> {
  switch (ledger) {
    case "sqlite":
      return runWhole(null);
    case "firestore": {
      const found = await findFirestoreEmulator();
      if ("missing" in found) throw new Error(found.missing);
      const emulator = await startFirestoreEmulator(found.script);
      try {
        return await runWhole(emulator.hostPort);
      } finally {
        await emulator.stop();
      }
    }
    default:
      throw new Error(`--ledger is sqlite or firestore, not ${ledger}`);
  }
}

async function runWhole(firestore: string | null): Promise<boolean> {
  let toldMs = 0;
  const wanted = { requests: Number(values.requests), kills: Number(values.kills), pauses: Number(values.pauses) };
  const figures = await runSoak({
    ...wanted,
    seed,
    scene: firestore === null ? BAD_DAY : BAD_DAY_ON_FIRESTORE,
    firestore,
    withinMs: Number(values.within) * 1_000,
    onProgress(line) {
      if (performance.now() - toldMs < TELL_EVERY_MS && line.includes("published,")) return;
      toldMs = performance.now();
      process.stdout.write(`${(toldMs / 1_000).toFixed(1).padStart(7)} s  ${line}\n`);
    },
  });
  tell(figures);
  const { lost, duplicated, unexplained, untold, created, kills, pauses } = figures;
  const wrong = lost.length + duplicated.length + unexplained.length + untold.length;
  return wrong === 0 && created === wanted.requests && kills >= wanted.kills && pauses >= wanted.pauses;
}

function tell(figures: SoakFigures): void {
  const { lost, duplicated, unexplained, untold, ...rest } = figures;
  for (const [name, value] of Object.entries(rest)) process.stdout.write(`${name.padEnd(22)} ${value}\n`);
  for (const [name, ids] of Object.entries({ lost, duplicated, unexplained, untold })) {
    process.stdout.write(`${name.padEnd(22)} ${ids.length} ${ids.slice(0, 10).join(" ")}\n`);
  }
}
