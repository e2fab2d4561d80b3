import { collectDefaultMetrics, Registry } from "prom-client";

/** How long something took, in seconds, for a histogram: from a cached answer to a call that waits for its turn. */
export const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];

/** Figures that belong to one process, with those of Node itself: memory, processor, event loop, garbage collection. */
export function openRegistry(): Registry {
  const register = new Registry();
  collectDefaultMetrics({ register });
  return register;
}
