import { type Bench, type BenchContext, scaled } from "../bench-context.ts";
import type { HttpLoadSettings } from "../load/http-load.ts";
import type { RequestKind } from "../load/requests.ts";
import { growLedger } from "../measure/grow-ledger.ts";
import { type Candidate, interleave, measureRequests, type Sample } from "../measure/rounds.ts";
import { pairedRatio, type Summary, summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import type { PlotPoint } from "../report/plot.ts";
import { spread } from "../report/table.ts";
import { httpCandidate, startApi, startProduct } from "../stage.ts";

const ROWS = [1_000, 3_000, 10_000, 30_000, 100_000];
const RECORDS = [1_000, 100_000];
const MAILBOXES = 200;
const SLOTS = 80;
/** Of the small files so many, that their cost can be told in hundredths of a second of CPU. */
const ROWS_AT_LEAST = 10_000;
/** An api that takes longer has fewer rounds, and files that do not fit into one are left out. */
const IMPORTS_WITHIN_S = 120;

/** What one draft costs as the work grows: files in the api, records in the ledger that the worker goes by. */
export const growth: Bench = {
  name: "growth",
  about: "the cost of one draft from 1,000 to 100,000 of them: flat within a tenth",
  async run(context) {
    const sized = (size: number): number => scaled(size, context.scale);
    const imports = await importCosts(context, ROWS.map(sized));
    const drafts = await draftCosts(context, RECORDS.map(sized));
    return {
      name: "growth",
      title: "As the work grows",
      told: [
        "Imports of so many rows, the sizes in turn in each round, small files several times over. Then workers whose ledgers have so many records to begin with.",
      ],
      tables: [
        {
          head: ["rows of a file", "CPU µs per row"],
          rows: [...imports].map(([size, costs]) => [size.toLocaleString("en"), spread(summarise(costs.map(cpu)))]),
        },
        {
          head: ["records in the ledger", "worker, CPU µs per draft"],
          rows: [...drafts].map(([size, costs]) => [size.toLocaleString("en"), spread(summarise(costs.map(cpu)))]),
        },
      ],
      targets: [
        {
          what: `import, CPU per row of ${largest(imports)} rows`,
          against: `of ${smallest(imports)}`,
          bound: "at most",
          value: 1.1,
          measured: flat(imports),
          unit: "×",
        },
        {
          what: `worker, CPU per draft with ${largest(drafts)} records`,
          against: `with ${smallest(drafts)}`,
          bound: "at most",
          value: 1.1,
          measured: flat(drafts),
          unit: "×",
        },
      ],
      plots: [
        {
          name: "growth",
          title: "CPU for one draft as the work grows",
          xLabel: "drafts",
          yLabel: "CPU µs per draft",
          isLogX: true,
          series: [
            { name: "import, per row", points: pointsOf(imports) },
            { name: "worker, per draft", points: pointsOf(drafts) },
          ],
        },
      ],
      figures: {},
    };
  },
};

type Costs = ReadonlyMap<number, readonly Sample[]>;

function cpu({ cpuUs }: Sample): number {
  return cpuUs;
}

function smallest(costs: Costs): string {
  return Math.min(...costs.keys()).toLocaleString("en");
}

function largest(costs: Costs): string {
  return Math.max(...costs.keys()).toLocaleString("en");
}

/** The largest to the smallest, round by round. */
function flat(costs: Costs): Summary {
  const bySize = [...costs.values()];
  return pairedRatio(bySize.at(-1)?.map(cpu) ?? [], bySize[0]?.map(cpu) ?? []);
}

function pointsOf(costs: Costs): PlotPoint[] {
  return [...costs].map(([x, samples]) => {
    const { median, least, most } = summarise(samples.map(cpu));
    return { x, y: median, low: least, high: most };
  });
}

async function importCosts(context: BenchContext, wanted: readonly number[]): Promise<Costs> {
  const pubsub = await context.counterparts.pubsub(0);
  const service = await startApi(context, AS_SHIPPED, pubsub.host);
  const load = context.counterparts.load();
  const atLeast = scaled(ROWS_AT_LEAST, context.scale);
  const callsOf = (rows: number): number => Math.max(1, Math.ceil(atLeast / rows));
  const costs = { subject: service.pid, counterparts: [pubsub.child.pid] };
  let from = 0;
  const measure = async (rows: number): Promise<Sample> => {
    const requests = callsOf(rows);
    const request: RequestKind = { kind: "import", path: "/v1/imports", rows, mailboxes: MAILBOXES };
    const settings: HttpLoadSettings = {
      url: service.url,
      request,
      requests,
      from,
      connections: 1,
      run: `rows${rows}`,
    };
    from += requests;
    return measureRequests(load, settings, costs);
  };
  await measure(wanted[0] ?? 1);
  const { perSecond } = await measure(wanted[0] ?? 1);
  const secondsOf = (sizes: readonly number[]): number =>
    sizes.reduce((sum, rows) => sum + callsOf(rows) * rows, 0) / perSecond;
  let sizes = wanted;
  while (sizes.length > 2 && secondsOf(sizes) > IMPORTS_WITHIN_S) sizes = sizes.slice(0, -1);
  const rounds = Math.max(1, Math.min(context.scale.rounds, Math.floor(IMPORTS_WITHIN_S / secondsOf(sizes))));
  const samples = new Map<number, Sample[]>(sizes.map((size) => [size, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < sizes.length; turn++) {
      const size = sizes[(round + turn) % sizes.length] ?? 1;
      samples.get(size)?.push(await measure(size));
    }
    const told = sizes.map((size) => `${size}: ${Math.round(samples.get(size)?.at(-1)?.cpuUs ?? 0)} µs`);
    context.tell(`imports, round ${round + 1} of ${rounds}: ${told.join(" · ")}`);
  }
  await service.stop();
  return samples;
}

/** One worker for each number of records in its ledger, all warm, in turn. */
async function draftCosts(context: BenchContext, sizes: readonly number[]): Promise<Costs> {
  const google = await context.counterparts.google({ latencyMs: 0 });
  const candidates: Candidate[] = [];
  for (const size of sizes) {
    const worker = await startProduct(context, "worker", AS_SHIPPED, google.environment);
    const candidate = await httpCandidate(context, {
      name: String(size),
      configuration: "",
      url: worker.url,
      subject: worker,
      counterparts: [google.child],
      request: google.push(scaled(MAILBOXES, context.scale)),
      connections: scaled(SLOTS, context.scale),
    });
    growLedger(worker.ledgerPath, size);
    candidates.push(candidate);
  }
  const { rounds, windowMs } = context.scale;
  const samples = await interleave(candidates, rounds, windowMs, (line) => context.tell(`workers by records, ${line}`));
  return new Map(sizes.map((size) => [size, samples.get(String(size)) ?? []]));
}
