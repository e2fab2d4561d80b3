import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchContext } from "../bench-context.ts";
import { startChild } from "../measure/child.ts";
import { cpuMsOf, residentMbOf } from "../measure/process-cost.ts";
import { type ServiceName, serviceCommand } from "../measure/service.ts";
import { pairedRatio, summarise } from "../measure/statistics.ts";
import { spread } from "../report/table.ts";

interface Start {
  readonly name: string;
  readonly configuration: string;
  /** Node's arguments and environment, for a start that writes to this folder. */
  command(folder: string): { readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>> };
}

interface Started {
  readonly listensMs: number;
  readonly cpuMs: number;
  readonly residentMb: number;
}

const PEER = "Fastify from source";
const WORKER = "worker, compile cache";
const API = "api, compile cache";
/** Starts are short and vary: more of them than rounds. */
const STARTS_PER_ROUND = 2;
/** The first ones fill the compile cache and the disk's, and are not counted. */
const STARTS_BEFORE = 2;
const START_WITHIN_MS = 60_000;

/** From exec to listening. */
export const coldStart: Bench = {
  name: "cold-start",
  about: "from exec to listening, against Fastify from source",
  async run(context) {
    const starts = await everyStart(context);
    const isWhole = context.scale.divisor === 1;
    const rounds = isWhole ? context.scale.rounds * STARTS_PER_ROUND : 1;
    const started = new Map<string, Started[]>(starts.map(({ name }) => [name, []]));
    for (const start of starts) for (let n = 0; isWhole && n < STARTS_BEFORE; n++) await startOnce(context, start);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < starts.length; turn++) {
        const start = starts[(round + turn) % starts.length];
        if (start !== undefined) started.get(start.name)?.push(await startOnce(context, start));
      }
      const told = starts.map(({ name }) => `${name} ${Math.round(started.get(name)?.at(-1)?.listensMs ?? 0)} ms`);
      context.tell(`start ${round + 1} of ${rounds}: ${told.join(" · ")}`);
    }
    const over = (name: string, of: (one: Started) => number): number[] => started.get(name)?.map(of) ?? [];
    const ratio = (name: string) => pairedRatio(over(name, wall), over(PEER, wall));
    return {
      name: "cold-start",
      title: "Cold start",
      told: ["From exec to the line that says it listens, files in the system's cache, one process at a time."],
      tables: [
        {
          head: ["start", "ms to listening", `× ${PEER}`, "CPU ms", "memory then, MB", "how it is configured"],
          rows: starts.map(({ name, configuration }) => [
            name,
            spread(summarise(over(name, wall))),
            spread(ratio(name)),
            spread(summarise(over(name, ({ cpuMs }) => cpuMs))),
            spread(summarise(over(name, ({ residentMb }) => residentMb))),
            configuration,
          ]),
        },
      ],
      targets: [
        { what: "worker, cold start", against: PEER, bound: "at most", value: 0.9, measured: ratio(WORKER), unit: "×" },
        { what: "api, cold start", against: PEER, bound: "at most", value: 1.6, measured: ratio(API), unit: "×" },
      ],
      plots: [],
      figures: {
        workerStartCpuMs: summarise(over(WORKER, ({ cpuMs }) => cpuMs)).median,
        apiStartCpuMs: summarise(over(API, ({ cpuMs }) => cpuMs)).median,
      },
    };
  },
};

function wall({ listensMs }: Started): number {
  return listensMs;
}

async function everyStart(context: BenchContext): Promise<readonly Start[]> {
  const google = await context.counterparts.google({ latencyMs: 0 });
  const pubsub = await context.counterparts.pubsub(0);
  const settings: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
    worker: { ...google.environment, MAILBOXES: "@example.com" },
    api: { ...google.environment, MAILBOXES: "@example.com", AUTH_MODE: "none", PUBSUB_EMULATOR_HOST: pubsub.host },
  };
  const cache = context.folder("compile-cache");
  const service = (name: ServiceName, compileCache: string | null) => (folder: string) =>
    serviceCommand({
      name,
      dist: context.dist,
      folder,
      core: context.cores.subject,
      environment: settings[name],
      compileCache,
      ...(compileCache === null ? {} : { writable: [compileCache] }),
    });
  return [
    {
      name: PEER,
      configuration: "one validated route, as installed, no bundle, no cache",
      command: () => ({
        args: [join(import.meta.dirname, "../peers/fastify-start.ts")],
        environment: { NODE_ENV: "production" },
      }),
    },
    { name: "worker", configuration: "the bundle under the image's command line", command: service("worker", null) },
    {
      name: WORKER,
      configuration: "the same with a compile cache that earlier starts have filled",
      command: service("worker", join(cache, "worker")),
    },
    { name: "api", configuration: "the bundle under the image's command line", command: service("api", null) },
    {
      name: API,
      configuration: "the same with a compile cache that earlier starts have filled",
      command: service("api", join(cache, "api")),
    },
  ];
}

async function startOnce(context: BenchContext, start: Start): Promise<Started> {
  const folder = join(context.folder("start"), "service");
  mkdirSync(folder);
  const command = start.command(folder);
  const begunMs = performance.now();
  const child = startChild({ name: start.name, ...command, core: context.cores.subject });
  try {
    const listensMs = await new Promise<number>((resolve, reject) => {
      const fail = (why: string): void => reject(new Error(`${start.name} ${why}:\n${child.said()}`));
      const timer = setTimeout(() => fail("did not come to listen"), START_WITHIN_MS);
      const settle = (done: () => void) => () => {
        clearTimeout(timer);
        done();
      };
      child.process.stdout?.on("data", () => {
        if (child.said().includes('"url":"http')) settle(() => resolve(performance.now() - begunMs))();
      });
      child.process.once(
        "exit",
        settle(() => fail("ended at its start")),
      );
    });
    return { listensMs, cpuMs: cpuMsOf(child.pid), residentMb: residentMbOf(child.pid).now };
  } finally {
    await child.stop();
  }
}
