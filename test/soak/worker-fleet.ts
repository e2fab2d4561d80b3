import { existsSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { ROOT } from "../support/readme.ts";
import { type Nursery, type Nursling, openNursery } from "./nursery.ts";

/** A worker process that takes pushes. */
export interface SoakWorker {
  readonly url: string;
  readonly agent: Agent;
  readonly child: Nursling;
  /** The requests of the pushes that it has not answered. */
  readonly underWay: string[];
  /** How many pushes it has acknowledged. */
  settled: number;
  /** Resolves when it is stopped; another one each time. */
  stopped: PromiseWithResolvers<void>;
}

/** Worker processes from one bundle, one at first; one that is killed is replaced. */
export interface WorkerFleet {
  /** One that lives, the least busy; null while none does. */
  pick(butNot?: SoakWorker): SoakWorker | null;
  /** Resolves when the next one listens. */
  next(): Promise<void>;
  /**
   * SIGKILL for one that has work under way and has settled so many pushes, chosen by chance: one that dies as soon as it
   * is there never comes to a create. The requests that it had; none if there was no such worker.
   */
  kill(chance: () => number, settled: number): readonly string[];
  readonly kills: () => number;
  /**
   * SIGSTOP for one that has work under way, chosen by chance, and SIGCONT when `over` resolves: what it had begun it then
   * goes on with, as if no time had gone by. Nothing if there is no such worker, or no second one.
   */
  pause(chance: () => number, over: Promise<void>): void;
  /** The same for all that have this request under way. */
  pauseThoseWith(id: string, over: Promise<void>): void;
  readonly pauses: () => number;
  /** Whether nothing is under way in any of them. */
  isAtRest(): boolean;
  /**
   * Ends the first one in good order and starts so many. It leaves behind what V8 has compiled of it, as for the image: what the
   * first has run, the others need not compile again.
   */
  grow(size: number): Promise<void>;
  /** Resolves once all of them live and none is stopped. */
  complete(): Promise<void>;
  /** Ends them, as they stand. */
  close(): Promise<void>;
}

const START_WITHIN_MS = 30_000;
const START = join(ROOT, "infra/image/start.cjs");
const KEEP_COMPILED = join(ROOT, "infra/image/keep-compiled.cjs");
/** No rubbish is worth collecting in a life of seconds: a tenth of the processor's time (measured). */
const SHORT_LIFE = ["--min-semi-space-size=64", "--max-semi-space-size=64", "--v8-pool-size=0"];

export async function startFleet(options: {
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
}): Promise<WorkerFleet> {
  const workers = new Set<SoakWorker>();
  const starting = new Set<Promise<void>>();
  const nursery = openNursery();
  const stops = new Set<Promise<void>>();
  let isClosing = false;
  const closing = Promise.withResolvers<void>();
  let kills = 0;
  let pauses = 0;
  const failures: Error[] = [];
  const waiting = new Set<() => void>();

  const startOne = (): void => {
    const begun = start(options, nursery)
      .then((worker) => {
        workers.add(worker);
        for (const wake of waiting) wake();
        waiting.clear();
        worker.child.once("exit", () => {
          workers.delete(worker);
          worker.agent.destroy();
          if (!isClosing) startOne();
        });
      })
      .catch((error: unknown) => {
        if (!isClosing) failures.push(error instanceof Error ? error : new Error(String(error)));
      })
      .finally(() => starting.delete(begun));
    starting.add(begun);
  };
  const complete = async (): Promise<void> => {
    while (starting.size + stops.size > 0) await Promise.all([...starting, ...stops]);
    if (failures[0] !== undefined) throw failures[0];
  };
  startOne();
  await complete();

  const resume = async (worker: SoakWorker, over: Promise<void>): Promise<void> => {
    await Promise.race([over.catch(() => {}), closing.promise]);
    worker.child.kill("SIGCONT");
    workers.add(worker);
    for (const wake of waiting) wake();
    waiting.clear();
  };
  const stop = (worker: SoakWorker, over: Promise<void>): void => {
    workers.delete(worker);
    pauses += 1;
    worker.child.kill("SIGSTOP");
    worker.stopped.resolve();
    worker.stopped = Promise.withResolvers();
    const stopped = resume(worker, over).finally(() => stops.delete(stopped));
    stops.add(stopped);
  };
  const oneOf = (fits: (worker: SoakWorker) => boolean, chance: () => number): SoakWorker | undefined => {
    const busy = [...workers].filter((worker) => worker.underWay.length > 0 && fits(worker));
    return busy[Math.floor(chance() * busy.length)];
  };

  return {
    kills: () => kills,
    pauses: () => pauses,
    isAtRest: () => [...workers].every(({ underWay }) => underWay.length === 0) && stops.size === 0,
    pause(chance, over) {
      const victim = workers.size > 1 ? oneOf(() => true, chance) : undefined;
      if (victim !== undefined) stop(victim, over);
    },
    pauseThoseWith(id, over) {
      for (const worker of [...workers]) if (worker.underWay.includes(id)) stop(worker, over);
    },
    async grow(size) {
      const first = [...workers];
      const gone = first.map(({ child }) => new Promise((exit) => child.once("exit", exit)));
      for (const { child } of first) child.kill("SIGTERM");
      await Promise.all(gone);
      for (let n = first.length; n < size; n++) startOne();
      await complete();
    },
    complete,
    pick(butNot) {
      let least: SoakWorker | null = null;
      for (const worker of workers) {
        if (worker !== butNot && (least === null || worker.underWay.length < least.underWay.length)) least = worker;
      }
      return least;
    },
    next: () => new Promise((wake) => waiting.add(wake)),
    kill(chance, least) {
      const victim = oneOf(({ settled }) => settled >= least, chance);
      if (victim === undefined) return [];
      workers.delete(victim);
      kills += 1;
      victim.child.kill("SIGKILL");
      return victim.underWay;
    },
    async close() {
      isClosing = true;
      closing.resolve();
      await Promise.allSettled(starting);
      await nursery.close();
    },
  };
}

async function start(
  { script, environment, onEvent }: Parameters<typeof startFleet>[0],
  nursery: Nursery,
): Promise<SoakWorker> {
  const compiled = `${script}.cache`;
  const how = existsSync(compiled) ? [START, script] : [KEEP_COMPILED, script, compiled];
  const child = nursery.start([...SHORT_LIFE, ...how], environment);
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`a worker ${why}:\n${said.join("\n")}`));
    const timer = setTimeout(() => fail("did not listen in time"), START_WITHIN_MS);
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code} before it listened`);
    });
    child.on("line", (line) => {
      if (said.length < 20) said.push(line);
      const event = eventOf(line);
      onEvent(event);
      if (event.message === "worker.started") {
        clearTimeout(timer);
        resolve(String(event.url));
      }
    });
  });
  const agent = new Agent({ keepAlive: true });
  return { url, child, agent, underWay: [], settled: 0, stopped: Promise.withResolvers() };
}

function eventOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return { message: line };
  }
}
