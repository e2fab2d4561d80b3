import { batchOf } from "./loads.ts";
import type { QuotaShape } from "./quota-models.ts";
import type { Simulation } from "./simulate.ts";

export interface Scenario {
  readonly name: string;
  readonly mailboxes: number;
  readonly simulation: Omit<Simulation, "seed" | "withOracle">;
  /** Where the optimum is not that of the same world: what is different in its own. */
  readonly optimum?: Partial<Simulation>;
  /** Runs with other chances, of which the mean is told. */
  readonly seeds: number;
}

/** The quota of a new project and of an older one (https://developers.google.com/workspace/gmail/api/reference/quota). */
export const NEW_QUOTA = 6_000;
export const OLD_QUOTA = 15_000;

export const FIXED: QuotaShape = { kind: "fixed" };
export const SLIDING: QuotaShape = { kind: "sliding" };
const BUCKET: QuotaShape = { kind: "bucket", burstUnits: 1_000 };

/** For ten minutes, from the fourth on. */
export const CUT_TO_A_TENTH = [
  { atMs: 200_000, unitsPerMinute: NEW_QUOTA / 10 },
  { atMs: 800_000, unitsPerMinute: NEW_QUOTA },
];

interface Changes extends Partial<Omit<Simulation, "gmail">> {
  readonly gmail?: Partial<Simulation["gmail"]>;
}

function scenario(
  name: string,
  quota: QuotaShape,
  workers: number,
  [drafts, mailboxes]: readonly [number, number],
  { gmail = {}, ...changes }: Changes = {},
  optimum?: Partial<Simulation>,
): Scenario {
  return {
    name,
    mailboxes,
    simulation: {
      requests: batchOf(drafts, mailboxes),
      workers,
      gmail: { quota, unitsPerMinute: NEW_QUOTA, ...gmail },
      ...changes,
    },
    seeds: drafts > 10_000 ? 1 : 3,
    ...(optimum === undefined ? {} : { optimum }),
  };
}

const SHAPES = [FIXED, SLIDING] as const;
const WORKERS = [1, 3, 8, 20] as const;

/** All of them. What is not said is a new project's quota and 16 keys for each mailbox. */
export function* allScenarios(): Generator<Scenario> {
  for (const load of [
    [10_000, 1],
    [100_000, 10],
    [100_000, 100],
    [10_000, 100],
    [1_000, 1],
  ] as const) {
    for (const quota of SHAPES) for (const workers of WORKERS) yield scenario("batch", quota, workers, load);
  }
  const one = [10_000, 1] as const;
  for (const workers of WORKERS) yield scenario("batch", BUCKET, workers, one);
  for (const quota of SHAPES) {
    for (const workers of WORKERS) {
      yield scenario("cut to a tenth and back", quota, workers, one, { quotaChanges: CUT_TO_A_TENTH });
    }
  }
  for (const quota of SHAPES) {
    for (const workers of WORKERS) {
      const others = 0.4 * NEW_QUOTA;
      const optimum = { othersUnitsPerMinute: 0, gmail: { quota, unitsPerMinute: NEW_QUOTA - others } };
      yield scenario("others use 40 %", quota, workers, one, { othersUnitsPerMinute: others }, optimum);
    }
  }
  const old = { unitsPerMinute: OLD_QUOTA };
  for (const quota of SHAPES) {
    for (const workers of WORKERS) yield scenario("15,000 units", quota, workers, one, { gmail: old });
  }
  for (const workers of WORKERS) {
    yield scenario("15,000 units, not told", FIXED, workers, one, { gmail: old, unitsPerMinuteMax: NEW_QUOTA });
  }
  for (const workers of WORKERS) {
    yield scenario("6,000 units, told 15,000", FIXED, workers, one, { unitsPerMinuteMax: OLD_QUOTA });
  }
  for (const workers of WORKERS) {
    yield scenario("1.5 s a call", FIXED, workers, one, { gmail: { latencyMs: 1_500 } });
  }
  for (const workers of WORKERS) {
    const optimum = { gmail: { quota: FIXED, unitsPerMinute: NEW_QUOTA } };
    yield scenario("10 calls at once", FIXED, workers, one, { gmail: { callsAtOnceMax: 10 } }, optimum);
  }
  for (const quota of SHAPES) {
    for (const workers of WORKERS) yield scenario("no keys", quota, workers, one, { shards: 0 });
  }
}
