import { EnvironmentError } from "./env.ts";
import { createLogger } from "./log.ts";

/** Cloud Run kills ten seconds after SIGTERM (https://cloud.google.com/run/docs/container-contract#instance-shutdown). */
const STOP_WITHIN_MS = 9_000;

/** A terminal's Ctrl-C reaches a process more than once: from the terminal and from npm, which passes it on. */
const SAME_CTRL_C_MS = 1_000;

/**
 * Runs a service as a process: starts it, closes it on SIGTERM or SIGINT within Cloud Run's grace, and exits 0 after a
 * clean stop, 1 otherwise. A signal that comes during the start is obeyed after it: as the first process of a container
 * it would be lost without a listener. A second Ctrl-C exits at once. `explain` tells why it did not start.
 */
export async function runProcess(
  name: string,
  start: () => Promise<{ close(): Promise<void> }>,
  explain: (error: unknown) => void = (error) => logFailedStart(name, error),
): Promise<void> {
  const log = createLogger(name, "info");
  // In the next turn: by then the listeners are there.
  const starting = Promise.resolve().then(start);
  let stoppingSinceMs: number | null = null;
  const stop = (signal: NodeJS.Signals): void => {
    if (stoppingSinceMs !== null) {
      if (signal === "SIGINT" && performance.now() - stoppingSinceMs > SAME_CTRL_C_MS) process.exit(1);
      return;
    }
    stoppingSinceMs = performance.now();
    setTimeout(() => {
      log.error({ withinMs: STOP_WITHIN_MS }, `${name}.stopped-late`);
      process.exit(1);
    }, STOP_WITHIN_MS);
    starting.then(close, () => {});
  };
  const close = async (service: { close(): Promise<void> }): Promise<never> => {
    try {
      await service.close();
    } catch (error) {
      log.error({ err: error }, `${name}.stopped-uncleanly`);
      process.exit(1);
    }
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  try {
    await starting;
  } catch (error) {
    explain(error);
    // Whatever the failed start has left open must not keep the process.
    process.exit(1);
  }
}

function logFailedStart(name: string, error: unknown): void {
  const log = createLogger(name, "info");
  if (error instanceof EnvironmentError) log.fatal({ problems: error.problems }, `${name}.refused-to-start`);
  else log.fatal({ err: error }, `${name}.failed-to-start`);
}
