import type { ServiceProcess } from "./service-process.ts";

/** A service that is started again when it dies, as Cloud Run would, on the port that it had. */
export interface SupervisedService {
  readonly url: string;
  /** Of the process that runs now. */
  pid(): number;
  /** Resolves once a process other than `pid` listens. */
  restarted(pid: number): Promise<void>;
  /** Stops it as Cloud Run does and keeps it stopped until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A service that dies this often in a row at its start will not come up by itself. */
const FAILED_STARTS_MAX = 5;

/**
 * Starts a service through `launch`, which is given the port to come back on, or null the first time. `onDeath` hears of
 * each end that nobody asked for, with the exit code or null after a signal.
 */
export async function supervise(
  launch: (port: number | null) => Promise<ServiceProcess>,
  onDeath: (code: number | null) => void,
): Promise<SupervisedService> {
  let current = await launch(null);
  const { url } = current;
  const port = Number(new URL(url).port);
  let wanted = true;
  const waiters = new Set<() => void>();

  const keepUp = async (process: ServiceProcess): Promise<void> => {
    const code = await process.exited;
    if (wanted) onDeath(code);
    for (let failures = 0; wanted && failures < FAILED_STARTS_MAX; failures += 1) {
      try {
        current = await launch(port);
        kept = keepUp(current);
        // Whoever asked for the end while it was starting waits for the process before it.
        if (!wanted) await current.stop();
        for (const wake of waiters) wake();
        waiters.clear();
        return;
      } catch {
        // What it said is in its log; the next try may find the port free again.
      }
    }
  };
  let kept = keepUp(current);

  const stop = async (): Promise<void> => {
    wanted = false;
    await current.stop();
    await kept;
  };
  return {
    url,
    pid: () => current.pid,
    async restarted(pid) {
      while (current.pid === pid) {
        await new Promise<void>((wake) => waiters.add(wake));
      }
    },
    stop,
    async start() {
      wanted = true;
      current = await launch(port);
      kept = keepUp(current);
    },
    close: stop,
  };
}
