import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Bench, BenchContext } from "../bench-context.ts";
import { startChild } from "../measure/child.ts";
import { filesOf, type Image } from "../measure/image.ts";
import { cpuMsOf, residentMbOf } from "../measure/process-cost.ts";
import { installCommand, type ServiceCommand, type ServiceName } from "../measure/service.ts";
import { pairedRatio, summarise } from "../measure/statistics.ts";
import { spread } from "../report/table.ts";

interface Start {
  readonly name: string;
  readonly configuration: string;
  /** For a start that writes to this folder. */
  command(folder: string): ServiceCommand;
}

interface Started {
  readonly listensMs: number;
  readonly cpuMs: number;
  readonly residentMb: number;
}

const PEER = "Fastify from source";
const CACHED = ", compile cache";
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
    const image = await context.imageOf(null);
    const starts = await everyStart(context, image);
    // What the image's own start does without is not promised with it either.
    const promised = (name: ServiceName): string => (isCompiled(image) ? name : `${name}${CACHED}`);
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
        {
          what: "worker, cold start",
          against: PEER,
          bound: "at most",
          value: 0.9,
          measured: ratio(promised("worker")),
          unit: "×",
        },
        {
          what: "api, cold start",
          against: PEER,
          bound: "at most",
          value: 1.6,
          measured: ratio(promised("api")),
          unit: "×",
        },
      ],
      plots: [],
      figures: {
        workerStartCpuMs: summarise(over(promised("worker"), ({ cpuMs }) => cpuMs)).median,
        apiStartCpuMs: summarise(over(promised("api"), ({ cpuMs }) => cpuMs)).median,
      },
    };
  },
};

function wall({ listensMs }: Started): number {
  return listensMs;
}

/** Whether the image has code that was compiled beforehand. */
function isCompiled(image: Image): boolean {
  return filesOf(image, "worker").some(({ from }) => from.endsWith(".cache"));
}

async function everyStart(context: BenchContext, image: Image): Promise<readonly Start[]> {
  const google = await context.counterparts.google({ latencyMs: 0 });
  const pubsub = await context.counterparts.pubsub(0);
  const settings: Readonly<Record<ServiceName, Readonly<Record<string, string>>>> = {
    worker: { ...google.environment, MAILBOXES: "@example.com" },
    api: { ...google.environment, MAILBOXES: "@example.com", AUTH_MODE: "none", PUBSUB_EMULATOR_HOST: pubsub.host },
  };
  const cache = context.folder("compile-cache");
  const service = (name: ServiceName, compileCache: string | null) => (folder: string) =>
    installCommand({ name, image, folder, environment: settings[name], compileCache });
  const peer: Start = {
    name: PEER,
    configuration: "one validated route, as installed, no bundle, no cache",
    command: (folder) => ({
      folder,
      args: [join(import.meta.dirname, "../peers/fastify-start.mjs")],
      environment: { NODE_ENV: "production" },
    }),
  };
  const ours = (["worker", "api"] as const).flatMap((name): Start[] => {
    const asShipped = {
      name,
      configuration: isCompiled(image)
        ? "as the image runs it, with the code compiled at its build"
        : "as the image runs it",
      command: service(name, null),
    };
    if (isCompiled(image)) return [asShipped];
    const configuration = "the same with a compile cache that earlier starts have filled";
    return [asShipped, { name: `${name}${CACHED}`, configuration, command: service(name, join(cache, name)) }];
  });
  return [peer, ...ours];
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
