import { type Bench, type BenchContext, scaled } from "../bench-context.ts";
import type { GoogleStage } from "../counterparts/counterparts.ts";
import type { RequestKind } from "../load/requests.ts";
import type { Child } from "../measure/child.ts";
import { residentMbOf } from "../measure/process-cost.ts";
import { type Candidate, interleave, type Samples } from "../measure/rounds.ts";
import { metricOf, type Service } from "../measure/service.ts";
import { type Summary, summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import type { LibraryWorkerSettings } from "../peers/library-worker.ts";
import { over, ratioOf, sampleTable } from "../report/sample-table.ts";
import { figure } from "../report/table.ts";
import { httpCandidate, startModule, startProduct } from "../stage.ts";

const SLOTS = 80;
const LATENCY_MS = 150;
/** So many that a pacer which starts each mailbox slowly bounds nothing. */
const MAILBOXES = 200;
/** A window at 150 ms has to hold some thousands of drafts. */
const SLOW_WINDOWS = 2;
const REPLACED = "the replaced design";
const LIBRARIES = "the libraries as documented";
/** The replaced function itself: gunicorn with 80 threads, signJwt, token and create each time, on a machine like this one. */
const PYTHON_TLS_MS = 13.7;
const { name: OURS } = AS_SHIPPED;
const cpu = ({ cpuUs }: { readonly cpuUs: number }): number => cpuUs;

/** A draft from push to Gmail's answer, with everything that the worker does. */
export const worker: Bench = {
  name: "worker",
  about: "drafts with TLS against the replaced design and the libraries, at 150 ms and at full load",
  async run(context) {
    const google = await context.counterparts.google({ latencyMs: 0 });
    const { candidates, ours } = await everyWorker(context, google);
    const { rounds, windowMs } = context.scale;

    ours.takeLogBytes();
    await metricOf(ours, "nodejs_eventloop_lag_p99_seconds");
    const full = await interleave(candidates, rounds, windowMs, (line) => context.tell(`0 ms, ${line}`));
    const lagMs = (await metricOf(ours, "nodejs_eventloop_lag_p99_seconds")) * 1_000;
    const logBytes = ours.takeLogBytes() / doneBy(full, OURS);
    const resident = residentMbOf(ours.pid);

    await context.counterparts.google({ latencyMs: LATENCY_MS });
    const slow = await interleave(candidates, rounds, windowMs * SLOW_WINDOWS, (line) =>
      context.tell(`${LATENCY_MS} ms, ${line}`),
    );
    const slots = scaled(SLOTS, context.scale);
    const slotsPerSecond = (slots * 1_000) / LATENCY_MS;
    const ofSlots = over(slow, OURS, ({ perSecond }) => perSecond / slotsPerSecond);
    return {
      name: "worker",
      title: "Drafts",
      told: [
        `Pushes over ${slots} connections, ${scaled(MAILBOXES, context.scale).toLocaleString("en")} mailboxes, TLS to signJwt, token endpoint and Gmail. First a Google that answers at once, which is full load; then one that takes ${LATENCY_MS} ms for each call, where ${slots} slots are worth ${figure(slotsPerSecond)} drafts a second.`,
        `The function in Python that this replaces is no row here, as it would need Python and its libraries: it was measured apart, on another day, at ${figure(PYTHON_TLS_MS)} ms of CPU per draft with TLS and 150 ms a call. The worker's ${figure(over(slow, OURS, cpu).median / 1_000)} ms are ${figure(over(slow, OURS, cpu).median / 1_000 / PYTHON_TLS_MS)} of that, for what an unpaired ratio is worth. Its design in TypeScript is the first row.`,
      ],
      tables: [sampleTable(candidates, full, REPLACED, "draft"), sampleTable(candidates, slow, REPLACED, "draft")],
      targets: [
        ...targetsOf(slow, ofSlots),
        {
          what: "worker, most memory under full load",
          against: "",
          bound: "at most",
          value: 160,
          measured: summarise([resident.most]),
          unit: "MB",
        },
        {
          what: "worker, event loop's delay, p99",
          against: "the probe's own 10 ms included",
          bound: "at most",
          value: 50,
          measured: summarise([lagMs]),
          unit: "ms",
        },
        {
          what: "what stands for Google, CPU per draft",
          against: "the worker's",
          bound: "at most",
          value: 0.1,
          measured: over(full, OURS, ({ counterpartUs, cpuUs }) => counterpartUs / cpuUs),
          unit: "×",
        },
      ],
      plots: [],
      figures: {
        workerCpuUs: over(slow, OURS, cpu).median,
        workerFullLoadCpuUs: over(full, OURS, cpu).median,
        workerFullLoadPerSecond: over(full, OURS, ({ perSecond }) => perSecond).median,
        workerLogBytes: logBytes,
        workerMemoryMb: resident.most,
      },
    };
  },
};

function targetsOf(slow: Samples, ofSlots: Summary) {
  return [
    {
      what: "worker, CPU per draft",
      against: "the replaced design in TypeScript",
      bound: "at most",
      value: 0.125,
      measured: ratioOf(slow, OURS, REPLACED, cpu),
      unit: "×",
    },
    {
      what: `drafts a second, ${SLOTS} slots, ${LATENCY_MS} ms`,
      against: "slots ÷ latency",
      bound: "at least",
      value: 0.95,
      measured: ofSlots,
      unit: "×",
    },
  ] as const;
}

async function everyWorker(context: BenchContext, google: GoogleStage) {
  const candidates: Candidate[] = [];
  const mailboxes = scaled(MAILBOXES, context.scale);
  const add = async (name: string, configuration: string, url: string, subject: Child, request: RequestKind) => {
    const counterparts = [google.child];
    candidates.push(
      await httpCandidate(context, {
        name,
        configuration,
        url,
        subject,
        counterparts,
        request,
        connections: scaled(SLOTS, context.scale),
      }),
    );
  };
  const peer = async (name: string, keepsTokens: boolean, request: RequestKind, configuration: string) => {
    const child = startModule(context, "peers/library-worker.ts", google.peerEnvironment);
    const settings: LibraryWorkerSettings = { ...google.addresses, keepsTokens };
    await add(name, configuration, String(await child.start(settings)), child, request);
  };
  await peer(
    REPLACED,
    false,
    { kind: "draft", path: "/", mailboxes },
    "Fastify, googleapis, nodemailer; signJwt, token and create for each request; no ledger, no verification, no log",
  );
  await peer(
    LIBRARIES,
    true,
    google.push(mailboxes),
    "Fastify, googleapis, nodemailer; a token per mailbox for its hour; no ledger, no verification, no log",
  );
  let ours: Service | undefined;
  for (const variant of context.variants) {
    const service = await startProduct(context, "worker", variant, google.environment);
    if (variant.name === OURS) ours = service;
    const configuration = "the bundle as shipped: verification, validation, ledger in SQLite (synchronous=FULL), log";
    await add(variant.name, configuration, service.url, service, google.push(mailboxes));
  }
  if (ours === undefined) throw new Error("the product as shipped is not among the variants");
  return { candidates, ours };
}

function doneBy(samples: Samples, name: string): number {
  return samples.get(name)?.reduce((sum, { done }) => sum + done, 0) ?? 0;
}
