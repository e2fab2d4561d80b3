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
  /** How many pushes it has answered. */
  answered: number;
}

/** Worker processes from one bundle, one at first; one that is killed is replaced. */
export interface WorkerFleet {
  /** One that lives, the least busy; null while none does. */
  pick(butNot?: SoakWorker): SoakWorker | null;
  /** Resolves when the next one listens. */
  next(): Promise<void>;
  /**
   * SIGKILL for one that has work under way and has answered so many pushes, chosen by chance: one that dies as soon as it
   * is there never comes to a create. The requests that it had; none if there was no such worker.
   */
  kill(chance: () => number, answered: number): readonly string[];
  readonly kills: () => number;
  /**
   * Ends the first one in good order and starts so many. Node writes its compile cache when a process ends, which one that
   * is killed never does: what the first has run, the others need not compile again (a start without it takes 2 s).
   */
  grow(size: number): Promise<void>;
  /** Resolves once all of them live. */
  complete(): Promise<void>;
  /** Ends them, as they stand. */
  close(): Promise<void>;
}

const START_WITHIN_MS = 30_000;

export async function startFleet(options: {
  readonly script: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
}): Promise<WorkerFleet> {
  const workers = new Set<SoakWorker>();
  const starting = new Set<Promise<void>>();
  const children = new Set<ChildProcess>();
  let isClosing = false;
  let kills = 0;
  const failures: Error[] = [];
  const waiting = new Set<() => void>();

  const startOne = (): void => {
    const begun = start(options, children)
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
    while (starting.size > 0) await Promise.all(starting);
    if (failures[0] !== undefined) throw failures[0];
  };
  startOne();
  await complete();

  return {
    kills: () => kills,
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
      const busy = [...workers].filter(({ underWay, answered }) => underWay.length > 0 && answered >= least);
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

async function start(
  { script, environment, onEvent }: Parameters<typeof startFleet>[0],
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
  return { url, child, agent: new Agent({ keepAlive: true }), underWay: [], answered: 0 };
}

function eventOf(line: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return { message: line };
  }
}
