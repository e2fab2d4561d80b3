import type { Counter } from "./serve-orders.ts";

/** A fixed number of operations under way at all times. */
export interface ClosedLoop {
  /** Resolves once nothing is under way any more. */
  stop(): Promise<void>;
}

/** A loop whose operation fails this often does not measure anything. */
const FAILURES_MAX = 100;

export function startClosedLoop(width: number, operation: () => Promise<unknown>, counter: Counter): ClosedLoop {
  let isOpen = true;
  let failures = 0;
  const one = async (): Promise<void> => {
    while (isOpen) {
      const begunMs = performance.now();
      try {
        await operation();
        counter.done(performance.now() - begunMs);
      } catch (error) {
        counter.failed(error instanceof Error ? error.message : String(error));
        failures += 1;
        if (failures >= FAILURES_MAX) return;
      }
    }
  };
  const all = Promise.all(Array.from({ length: width }, one));
  return {
    async stop() {
      isOpen = false;
      await all;
    },
  };
}
