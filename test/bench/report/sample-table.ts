import type { Candidate, Sample, Samples } from "../measure/rounds.ts";
import { pairedRatio, type Summary, summarise } from "../measure/statistics.ts";
import { figure, spread, type Table } from "./table.ts";

/** One row for each candidate; ratios are to the first of `against`, round by round. */
export function sampleTable(
  candidates: readonly Pick<Candidate, "name" | "configuration">[],
  samples: Samples,
  against: string,
  unit = "operation",
): Table {
  return {
    head: [
      "configuration",
      "per second",
      `CPU µs per ${unit}`,
      `× CPU of ${against}`,
      `counterparts µs`,
      "p50 / p99 ms",
      "how it is configured",
    ],
    rows: candidates.map(({ name, configuration }) => [
      name,
      spread(over(samples, name, ({ perSecond }) => perSecond)),
      spread(over(samples, name, ({ cpuUs }) => cpuUs)),
      spread(ratioOf(samples, name, against, ({ cpuUs }) => cpuUs)),
      spread(over(samples, name, ({ counterpartUs }) => counterpartUs)),
      `${figure(over(samples, name, ({ p50Ms }) => p50Ms).median)} / ${figure(over(samples, name, ({ p99Ms }) => p99Ms).median)}`,
      configuration,
    ]),
  };
}

export function over(samples: Samples, name: string, of: (sample: Sample) => number): Summary {
  return summarise(valuesOf(samples, name, of));
}

export function ratioOf(samples: Samples, name: string, to: string, of: (sample: Sample) => number): Summary {
  return pairedRatio(valuesOf(samples, name, of), valuesOf(samples, to, of));
}

function valuesOf(samples: Samples, name: string, of: (sample: Sample) => number): number[] {
  const rounds = samples.get(name);
  if (rounds === undefined) throw new RangeError(`nothing was measured of ${name}`);
  return rounds.map(of);
}
