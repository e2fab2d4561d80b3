import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/readme.ts";
import type { Bench, BenchContext, BenchResult, Scale } from "./bench-context.ts";
import { Counterparts } from "./counterparts/counterparts.ts";
import { type Image, Images } from "./measure/image.ts";
import { AS_SHIPPED, type Variant } from "./measure/variant.ts";

export interface RunOptions {
  readonly scale: Scale;
  readonly variants: readonly Variant[];
  /** Services that may be built already; built for this run alone unless given. */
  readonly images?: Images;
  readonly tell: (line: string) => void;
}

/** Runs the benches one after the other, each with processes of its own; rejects at the first that fails, with nothing left. */
export async function runBenches(benches: readonly Bench[], options: RunOptions): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), `draftmill-bench-${process.pid}-`));
  const cores = availableParallelism() < 2 ? { subject: null, load: null } : { subject: 0, load: 1 };
  const counterparts = new Counterparts(folder, cores.load);
  try {
    const images = options.images ?? new Images(folder);
    const imageOf = (checkout: string | null): Promise<Image> => images.of(checkout ?? ROOT);
    const results: BenchResult[] = [];
    for (const bench of benches) {
      const begunMs = performance.now();
      const result = await runOne(bench, { ...options, imageOf, cores, counterparts }, join(folder, bench.name));
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
  options: RunOptions & Pick<BenchContext, "imageOf" | "cores" | "counterparts">,
  folder: string,
): Promise<BenchResult> {
  const closes: (() => unknown)[] = [];
  let folders = 0;
  const context: BenchContext = {
    scale: options.scale,
    imageOf: options.imageOf,
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
