import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../support/readme.ts";
import type { Bench, BenchContext, BenchResult, Scale } from "./bench-context.ts";
import { Counterparts } from "./counterparts/counterparts.ts";
import { AS_SHIPPED, type Variant } from "./measure/variant.ts";

const BUILD_TIMEOUT_MS = 120_000;
const run = promisify(execFile);

export interface RunOptions {
  readonly scale: Scale;
  readonly variants: readonly Variant[];
  /** The folder with the bundles; null builds them. */
  readonly dist: string | null;
  readonly tell: (line: string) => void;
}

/** Runs the benches one after the other, each with processes of its own; rejects at the first that fails, with nothing left. */
export async function runBenches(benches: readonly Bench[], options: RunOptions): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), `draftmill-bench-${process.pid}-`));
  const cores = availableParallelism() < 2 ? { subject: null, load: null } : { subject: 0, load: 1 };
  const counterparts = new Counterparts(folder, cores.load);
  try {
    const dist = options.dist ?? (await buildInto(join(folder, "dist"), options.tell));
    const results: BenchResult[] = [];
    for (const bench of benches) {
      const begunMs = performance.now();
      const result = await runOne(bench, { ...options, dist, cores, counterparts }, join(folder, bench.name));
      results.push(result);
      options.tell(`${bench.name}: done in ${Math.round((performance.now() - begunMs) / 1_000)} s`);
    }
    return results;
  } finally {
    await counterparts.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runOne(
  bench: Bench,
  options: RunOptions & Pick<BenchContext, "dist" | "cores" | "counterparts">,
  folder: string,
): Promise<BenchResult> {
  const closes: (() => unknown)[] = [];
  let folders = 0;
  const context: BenchContext = {
    scale: options.scale,
    dist: options.dist,
    variants: [AS_SHIPPED, ...options.variants],
    cores: options.cores,
    counterparts: options.counterparts,
    folder(name) {
      folders += 1;
      const path = join(folder, `${name}-${folders}`);
      mkdirSync(path, { recursive: true });
      return path;
    },
    tell: (line) => options.tell(`${bench.name}: ${line}`),
    onEnd: (close) => closes.push(close),
  };
  try {
    return await bench.run(context);
  } finally {
    await Promise.allSettled(closes.reverse().map((close) => close()));
  }
}

async function buildInto(folder: string, tell: (line: string) => void): Promise<string> {
  tell("building the bundles");
  await run(process.execPath, [join(ROOT, "infra/image/build.mjs"), "--out", folder], { timeout: BUILD_TIMEOUT_MS });
  return folder;
}
