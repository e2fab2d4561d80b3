import type { Clock } from "@draftmill/shared/clock.ts";
import { toDraftError } from "@draftmill/shared/errors.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { addCounts, NOTHING_SWEPT, type SweepCounts, type SweepReport } from "./sweep-report.ts";

/** One thing that needs a clock. It stops when the signal aborts, and says what it did until then. */
export interface Chore {
  readonly name: string;
  run(signal: AbortSignal): Promise<SweepCounts>;
}

export interface SweepDeps {
  readonly chores: readonly Chore[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Cloud Scheduler calls each minute, and two sweeps at once do the same work twice. */
const BUDGET_MS = 50_000;

/**
 * Does what no delivery does: finishes what is due, probes incidents, carries out orders and replays, closes batches. Bounded in time, and harmless
 * when run twice at once: every change is conditional on the record as it was seen. A chore that fails does not keep the others from
 * running; the first failure of the ledger is thrown at the end.
 */
export async function sweep({ chores, clock, log }: SweepDeps, stopping: AbortSignal): Promise<SweepReport> {
  const startedMs = clock.monotonicMs();
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(BUDGET_MS)]);
  let report = NOTHING_SWEPT;
  const failed: unknown[] = [];
  for (const chore of chores) {
    try {
      report = addCounts(report, await chore.run(signal));
    } catch (error) {
      failed.push(error);
      const { code, reason } = toDraftError(error);
      log.error({ chore: chore.name, code, reason }, "sweep.chore-failed");
    }
  }
  const durationMs = Math.round(clock.monotonicMs() - startedMs);
  log.info({ ...report, failed: failed.length, durationMs }, "sweep.done");
  if (failed.length > 0) throw failed[0];
  return report;
}
