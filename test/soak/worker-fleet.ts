import { type ChildProcess, spawn } from "node:child_process";
import { Agent } from "node:http";
import { createInterface } from "node:readline";

/** A worker process that takes pushes. */
export interface SoakWorker {
  readonly url: string;
  readonly agent: Agent;
  readonly child: ChildProcess;
  /** The requests of the pushes that it has not answered. */
  readonly underWay: string[];
}

/** Worker processes from one bundle; one that is killed is replaced. */
export interface WorkerFleet {
  /** One that lives, the least busy; null while none does. */
  pick(butNot?: SoakWorker): SoakWorker | null;
  /** SIGKILL for one that has work under way, chosen by chance; the requests that it had, none if there was no such worker. */
  kill(chance: () => number): readonly string[];
  readonly kills: () => number;
  /** Resolves once all of them live. */
  complete(): Promise<void>;
  /** Ends them, as they stand. */
  close(): Promise<void>;
}

const START_WITHIN_MS = 30_000;

export async function startFleet(
  size: number,
  options: {
    readonly script: string;
    readonly environment: Readonly<Record<string, string>>;
    readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
  },
): Promise<WorkerFleet> {
  const workers = new Set<SoakWorker>();
  const starting = new Set<Promise<void>>();
  const children = new Set<ChildProcess>();
  let isClosing = false;
  let kills = 0;
  const failures: Error[] = [];

  const startOne = (): void => {
    const begun = start(options, children)
      .then((worker) => {
        workers.add(worker);
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
    while (starting.size > 0) await Promise.all(starting);
    if (failures[0] !== undefined) throw failures[0];
  };
  await fillCompileCache(options, children);
  for (let n = 0; n < size; n++) startOne();
  await complete();

  return {
    kills: () => kills,
    complete,
    pick(butNot) {
      let least: SoakWorker | null = null;
      for (const worker of workers) {
        if (worker !== butNot && (least === null || worker.underWay.length < least.underWay.length)) least = worker;
      }
      return least;
    },
    kill(chance) {
      const busy = [...workers].filter(({ underWay }) => underWay.length > 0);
      const victim = busy[Math.floor(chance() * busy.length)];
      if (victim === undefined) return [];
      workers.delete(victim);
      kills += 1;
      victim.child.kill("SIGKILL");
      return victim.underWay;
    },
    async close() {
      isClosing = true;
      await Promise.allSettled(starting);
      const gone = [...children].map((child) => new Promise((exit) => child.once("exit", exit)));
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(gone);
    },
  };
}

/** Node writes its compile cache when a process ends, which one that is killed never does: a start without it takes 2 s. */
async function fillCompileCache(options: Parameters<typeof startFleet>[1], children: Set<ChildProcess>): Promise<void> {
  const { child, agent } = await start(options, children);
  agent.destroy();
  const gone = new Promise((exit) => child.once("exit", exit));
  child.kill("SIGTERM");
  await gone;
}

async function start(
  { script, environment, onEvent }: Parameters<typeof startFleet>[1],
  children: Set<ChildProcess>,
): Promise<SoakWorker> {
  const child = spawn(process.execPath, [script], { env: { ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  child.once("exit", () => children.delete(child));
  const said: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`a worker ${why}:\n${said.join("\n")}`));
    const timer = setTimeout(() => fail("did not listen in time"), START_WITHIN_MS);
    child.once("exit", (code) => {
      clearTimeout(timer);
      fail(`ended with ${code} before it listened`);
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (said.length < 20) said.push(line);
        const event = eventOf(line);
        onEvent(event);
        if (event.message === "worker.started") {
          clearTimeout(timer);
          resolve(String(event.url));
        }
      });
    }
  });
  return { url, child, agent: new Agent({ keepAlive: true }), underWay: [] };
}

function eventOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return { message: line };
  }
}
