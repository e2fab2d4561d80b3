import type { Clock } from "../clock.ts";
import { untilAborted, withDeadline } from "../deadline.ts";
import { CannotTell, type Probe, type Verdict } from "./probe.ts";

export type OutcomeStatus = Verdict["status"] | "skipped";

/** What became of one probe. */
export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly status: OutcomeStatus;
  readonly said: string;
  readonly remedies: readonly string[];
  /** The calls behind it, each with its status. */
  readonly called: readonly string[];
  readonly durationMs: number;
}

export interface RunOptions {
  readonly clock: Clock;
  /** When every probe that is still under way is given up. */
  readonly withinMs: number;
}

interface Ran extends Outcome {
  readonly broken: readonly string[] | null;
}

/**
 * Runs all of them at once, each as soon as what it needs has ended, and answers in the order of the list. A probe whose need is wrong
 * is skipped: it would tell the same fault in other words. One whose need could not be told is asked nevertheless.
 */
export async function runProbes<Context>(
  probes: readonly Probe<Context>[],
  context: Context,
  { clock, withinMs }: RunOptions,
): Promise<readonly Outcome[]> {
  return withDeadline(withinMs, null, async (signal) => {
    const running = new Map<string, Promise<Ran>>();
    for (const probe of probes) {
      const needs = probe.needs.map((need) => {
        const [id = "", part] = need.split(":");
        const outcome = running.get(id);
        if (outcome === undefined) throw new Error(`${probe.id} needs ${need}, which does not stand before it`);
        return { id, part, outcome };
      });
      running.set(probe.id, runOne(probe, needs));
    }
    const ran = await Promise.all(running.values());
    return ran.map(({ broken: _, ...outcome }) => outcome);

    async function runOne(probe: Probe<Context>, needs: readonly Need[]): Promise<Ran> {
      const { id, title } = probe;
      for (const need of needs) {
        if (!isUnmet(await need.outcome, need.part)) continue;
        const said = `because of ${need.id}${need.part === undefined ? "" : ` (${need.part})`}`;
        return { id, title, status: "skipped", said, remedies: [], called: [], durationMs: 0, broken: null };
      }
      const startedMs = clock.monotonicMs();
      const called: string[] = [];
      const note = (call: string): void => {
        if (!called.includes(call)) called.push(call);
      };
      const trail = { note, signal };
      const verdict = await untilAborted(probe.run(context, trail), signal).catch((error: unknown) =>
        notTold(error, signal.aborted, withinMs),
      );
      const { status, said } = verdict;
      const remedies = verdict.status === "ok" ? [] : verdict.remedies;
      const broken = verdict.status === "ok" ? null : (verdict.broken ?? null);
      return { id, title, status, said, remedies, called, durationMs: clock.monotonicMs() - startedMs, broken };
    }
  });
}

interface Need {
  readonly id: string;
  readonly part: string | undefined;
  readonly outcome: Promise<Ran>;
}

function isUnmet({ status, broken }: Ran, part: string | undefined): boolean {
  if (status === "skipped") return true;
  return status === "wrong" && (part === undefined || broken === null || broken.includes(part));
}

function notTold(error: unknown, isLate: boolean, withinMs: number): Verdict {
  if (error instanceof CannotTell) return { status: "cannot-tell", said: error.message, remedies: error.remedies };
  if (isLate) {
    const said = `no answer within ${Math.round(withinMs / 1000)} s`;
    return { status: "cannot-tell", said, remedies: ["Run it again; if it stays so: https://status.cloud.google.com"] };
  }
  // One probe's own fault must not hide what the others found.
  const said = `the probe itself failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`;
  return { status: "cannot-tell", said, remedies: ["Report it with this line: it is a fault of the doctor."] };
}
