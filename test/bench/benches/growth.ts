import type { Bench, BenchContext } from "../bench-context.ts";
import type { HttpLoadSettings } from "../load/http-load.ts";
import type { RequestKind } from "../load/requests.ts";
import { growLedger } from "../measure/grow-ledger.ts";
import { between, type Candidate, interleave, type Sample } from "../measure/rounds.ts";
import { pairedRatio, type Summary, summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import type { PlotPoint } from "../report/plot.ts";
import { spread } from "../report/table.ts";
import { httpCandidate, startApi, startGoogle, startModule, startProduct, startPubsub } from "../stage.ts";

const ROWS = [1_000, 3_000, 10_000, 30_000, 100_000];
const RECORDS = [1_000, 10_000, 100_000];
const MAILBOXES = 1_000;
const SLOTS = 80;
/** Of the small files so many, that their cost can be told in hundredths of a second of CPU. */
const ROWS_AT_LEAST = 30_000;

/** What one draft costs as the work grows: files in the api, records in the ledger that the worker goes by. */
export const growth: Bench = {
  name: "growth",
  about: "the cost of one draft from 1,000 to 100,000 of them: flat within a tenth",
  async run(context) {
    const scaled = (size: number): number => Math.max(50, Math.round(size / context.scale.divisor));
    const imports = await importCosts(context, ROWS.map(scaled));
    const drafts = await draftCosts(context, RECORDS.map(scaled));
    const small = scaled(1_000).toLocaleString("en");
    const large = scaled(100_000).toLocaleString("en");
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
          what: `import, CPU per row at ${large} rows`,
          against: `at ${small}`,
          bound: "at most",
          value: 1.1,
          measured: flat(imports),
          unit: "×",
        },
        {
          what: `worker, CPU per draft with ${large} records`,
          against: `with ${small}`,
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

async function importCosts(context: BenchContext, sizes: readonly number[]): Promise<Costs> {
  const pubsub = await startPubsub(context, 0);
  const service = await startApi(context, AS_SHIPPED, pubsub.host);
  const load = startModule(context, "load/http-load.ts", context.cores.load);
  const costs = new Map<number, Sample[]>(sizes.map((size) => [size, []]));
  const atLeast = Math.ceil(ROWS_AT_LEAST / context.scale.divisor);
  let from = 0;
  const measure = async (rows: number): Promise<Sample> => {
    const requests = Math.max(1, Math.ceil(atLeast / rows));
    const request: RequestKind = { kind: "import", path: "/v1/imports", rows, mailboxes: MAILBOXES };
    const sample = await finite(
      load,
      { url: service.url, request, requests, from, connections: 1, run: `rows${rows}` },
      [service.pid, pubsub.child.pid],
    );
    from += requests;
    return sample;
  };
  await measure(sizes[0] ?? 1);
  await measure(sizes[2] ?? 1);
  for (let round = 0; round < context.scale.rounds; round++) {
    for (let turn = 0; turn < sizes.length; turn++) {
      const size = sizes[(round + turn) % sizes.length] ?? 1;
      costs.get(size)?.push(await measure(size));
    }
    const told = sizes.map((size) => `${size}: ${Math.round(costs.get(size)?.at(-1)?.cpuUs ?? 0)} µs`);
    context.tell(`imports, round ${round + 1} of ${context.scale.rounds}: ${told.join(" · ")}`);
  }
  await Promise.all([load.stop(), service.stop(), pubsub.child.stop()]);
  return costs;
}

/** One worker for each number of records in its ledger, all warm, in turn. */
async function draftCosts(context: BenchContext, sizes: readonly number[]): Promise<Costs> {
  const google = await startGoogle(context, { latencyMs: 0 });
  const candidates: Candidate[] = [];
  for (const size of sizes) {
    const worker = await startProduct(context, "worker", AS_SHIPPED, google.environment);
    const candidate = await httpCandidate(context, {
      name: String(size),
      configuration: "",
      url: worker.url,
      subject: worker,
      counterparts: [google.child],
      request: google.push(MAILBOXES),
      connections: SLOTS,
    });
    growLedger(worker.ledgerPath, size);
    candidates.push(candidate);
  }
  const { rounds, windowMs } = context.scale;
  const samples = await interleave(candidates, rounds, windowMs, (line) => context.tell(`workers by records, ${line}`));
  return new Map(sizes.map((size) => [size, samples.get(String(size)) ?? []]));
}

/** So many requests from first to last. */
async function finite(
  load: ReturnType<typeof startModule>,
  settings: HttpLoadSettings,
  [subject = 0, ...counterparts]: readonly number[],
): Promise<Sample> {
  const pids = [subject, ...counterparts];
  const before = await load.mark(pids);
  await load.start(settings);
  const after = await load.mark(pids);
  await load.rest();
  return between(before, after);
}
