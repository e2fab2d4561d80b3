import type { OrderedChild } from "../bench-context.ts";
import { type Bench, type BenchResult, scaled, type Target } from "../bench-context.ts";
import { heldBytesOf, leakPerRequest } from "../measure/heap-probe.ts";
import { residentMbOf } from "../measure/process-cost.ts";
import { sleep } from "../measure/rounds.ts";
import type { Service } from "../measure/service.ts";
import { type Growth, growthOf, type Point, slopeOf, summarise } from "../measure/statistics.ts";
import { AS_SHIPPED } from "../measure/variant.ts";
import { figure } from "../report/table.ts";
import { startApi, startProduct } from "../stage.ts";

export interface SoakOptions {
  readonly minutes: number;
  /** Requests to each service in a second: a tenth of a processor or so for both, beside other work. */
  readonly perSecond: number;
  /** What each request is made to leave behind, for a look whether that shows; 0 for the services as they are. */
  readonly leakBytes: number;
}

export const SOAK: SoakOptions = { minutes: 5, perSecond: 20, leakBytes: 0 };

const CONNECTIONS = 8;
const MAILBOXES = 100;
const LATENCY_MS = 20;
/** A sample collects all garbage, twice. */
const SAMPLE_EVERY_MS = 10_000;
const SAMPLES = { least: 6, most: 240 };
/** Code is compiled and caches fill at first, and a little more for long. */
const WARM_SHARE = 0.4;
/**
 * What a request may leave behind, and what the services may go on to fill however long a run is, shared out over its requests. Measured: 0.2 to
 * 0.5 MB of the latter in five minutes, in steps, as V8 compiles when it sees fit; in an hour a request leaves less than one byte.
 */
const LEAK_MAX_BYTES = 50;
const FILLING_MAX_BYTES = 1_200_000;
/** Growth of the cost from the first to the last sample that counts as none. */
const COST_GROWTH_MAX = 0.1;

/** One service under its load, and what was seen of it. */
interface Subject {
  readonly service: Service;
  readonly load: OrderedChild;
  readonly held: Point[];
  readonly resident: Point[];
  readonly cost: Point[];
  done: number;
  cpuMs: number;
}

/** Both services under a modest load for long: what they hold after each collection, and what a request costs. */
export function soakOf({ minutes, perSecond, leakBytes }: SoakOptions = SOAK): Bench {
  return {
    name: "soak",
    about: "memory and cost of both services over time; fails on a leak; --minutes 60, 5 unless given",
    async run(context) {
      const google = await context.counterparts.google({ latencyMs: LATENCY_MS });
      const pubsub = await context.counterparts.pubsub(0);
      const probed = { isProbed: true };
      const worker = await startProduct(context, "worker", AS_SHIPPED, google.environment, probed);
      const api = await startApi(context, AS_SHIPPED, pubsub.host, probed);
      const mailboxes = scaled(MAILBOXES, context.scale);
      const subjects = [
        await subjectOf(worker, context.counterparts.load(), google.push(mailboxes)),
        await subjectOf(api, context.counterparts.anotherLoad(), { kind: "draft", path: "/v1/drafts", mailboxes }),
      ];
      if (leakBytes > 0) for (const { service } of subjects) leakPerRequest(service, leakBytes);
      const lengthMs = minutes * 60_000;
      const samples = Math.max(SAMPLES.least, Math.min(SAMPLES.most, Math.floor(lengthMs / SAMPLE_EVERY_MS)));
      const begunMs = performance.now();
      let toldMs = 0;
      for (let n = 1; n <= samples; n++) {
        await sleep(Math.max(0, (n * lengthMs) / samples - (performance.now() - begunMs)));
        for (const subject of subjects) await sample(subject);
        if (performance.now() - toldMs < 10_000) continue;
        toldMs = performance.now();
        const atMinutes = (performance.now() - begunMs) / 60_000;
        context.tell(`${figure(atMinutes)} of ${minutes} min: ${subjects.map(lineOf).join("; ")}`);
      }
      for (const { load } of subjects) await load.rest();
      return resultOf(subjects, { minutes, perSecond, leakBytes });
    },
  };

  async function subjectOf(service: Service, load: OrderedChild, request: unknown): Promise<Subject> {
    await load.start({ url: service.url, connections: CONNECTIONS, request, run: "soak", perSecond });
    return { service, load, held: [], resident: [], cost: [], done: 0, cpuMs: 0 };
  }
}

async function sample(subject: Subject): Promise<void> {
  const { service, load, held, resident, cost } = subject;
  const { done, failed, firstFailure, cpuMs } = await load.mark([service.pid]);
  if (failed > 0) throw new Error(`${failed} requests to the ${service.name} failed; the first: ${firstFailure}`);
  const spentMs = (cpuMs[0] ?? Number.NaN) - subject.cpuMs;
  if (done > subject.done) cost.push({ x: done, y: (spentMs * 1_000) / (done - subject.done) });
  subject.done = done;
  held.push({ x: done, y: await heldBytesOf(service) });
  resident.push({ x: done, y: residentMbOf(service.pid).now });
  // What the collection took is no request's cost.
  subject.cpuMs = (await load.mark([service.pid])).cpuMs[0] ?? Number.NaN;
  service.takeLogBytes();
}

function resultOf(subjects: readonly Subject[], { minutes, perSecond, leakBytes }: SoakOptions): BenchResult {
  const rows = subjects.map(({ service, held, cost, resident, done }) => ({
    name: service.name,
    done,
    held,
    leak: slopeOf(settled(held)),
    cost: growthOf(settled(cost), COST_GROWTH_MAX),
    heldMb: (held.at(-1)?.y ?? Number.NaN) / 1e6,
    residentMb: resident.at(-1)?.y ?? Number.NaN,
  }));
  const requests = Math.min(...rows.map(({ done }) => done)).toLocaleString("en");
  return {
    name: "soak",
    title: `${minutes} minutes of load`,
    told: [
      `${requests} requests to each service, ${perSecond} a second, over ${MAILBOXES} mailboxes. What is held is V8's heap and what it has outside it, each time after all garbage was collected; the first two fifths are left out. The slope is Theil and Sen's, over the requests, with its 95 % range.${leakBytes > 0 ? ` Each request was made to leave ${leakBytes} bytes behind.` : ""}`,
    ],
    tables: [
      {
        head: [
          "",
          "held, bytes per request",
          "95 % range",
          "held at the end, MB",
          "resident, MB",
          "CPU per request, growth",
        ],
        rows: rows.map(({ name, leak, cost, heldMb, residentMb }) => [
          name,
          figure(leak.estimate),
          `${figure(leak.low)} to ${figure(leak.high)}`,
          figure(heldMb),
          figure(residentMb),
          `${figure(cost.share * 100)} %${cost.grows ? ", **grows**" : ""}`,
        ]),
      },
    ],
    targets: rows.flatMap(({ name, done, held, leak, cost }): Target[] => [
      {
        what: `${name}, bytes that a request leaves behind`,
        against: `${requests} requests`,
        bound: "at most",
        value: Math.round(LEAK_MAX_BYTES + FILLING_MAX_BYTES / done),
        measured: { median: leak.estimate, least: leak.low, most: leak.high, rounds: held.length },
        unit: "bytes",
        isFirm: true,
      },
      {
        what: `${name}, growth of the CPU per request`,
        against: `over ${requests} requests`,
        bound: "at most",
        value: COST_GROWTH_MAX * 100,
        measured: summarise([certain(cost) * 100]),
        unit: "%",
      },
    ]),
    plots: [
      {
        name: "soak",
        title: `Memory of both services in ${minutes} minutes`,
        xLabel: "requests",
        yLabel: "MB",
        isLogX: false,
        series: subjects.flatMap(({ service, resident, held }) => [
          { name: `${service.name}, resident`, points: resident },
          { name: `${service.name}, held`, points: held.map(({ x, y }) => ({ x, y: y / 1e6 })) },
        ]),
      },
    ],
    figures: {},
  };
}

function lineOf({ service, done, held, resident }: Subject): string {
  const heldMb = figure((held.at(-1)?.y ?? Number.NaN) / 1e6);
  return `${service.name} ${done} requests, ${heldMb} MB held, ${figure(resident.at(-1)?.y ?? Number.NaN)} MB resident`;
}

/** Without what belongs to the start. */
function settled(points: readonly Point[]): readonly Point[] {
  return points.slice(Math.floor(points.length * WARM_SHARE));
}

/** The growth as a share, or none where the slope may be none. */
function certain({ low, share }: Growth): number {
  return low <= 0 ? Math.min(0, share) : share;
}
