const MINUTE_MS = 60_000;

/**
 * Gmail documents units per minute and user, and not how the minute is counted:
 * - `fixed`: a minute that begins with the mailbox's first call
 * - `sliding`: the last minute, at any time
 * - `bucket`: a reserve that fills evenly and holds no more than `burstUnits`
 */
export type QuotaShape =
  | { readonly kind: "fixed" }
  | { readonly kind: "sliding" }
  | { readonly kind: "bucket"; readonly burstUnits: number };

/** The quota of one mailbox. */
export interface QuotaModel {
  unitsPerMinute: number;
  /** Takes the units, or takes nothing and says when there may be more. */
  take(nowMs: number, units: number): number | null;
}

export function quotaModel(shape: QuotaShape, unitsPerMinute: number): QuotaModel {
  switch (shape.kind) {
    case "fixed":
      return fixedMinutes(unitsPerMinute);
    case "sliding":
      return slidingMinute(unitsPerMinute);
    case "bucket":
      return bucket(unitsPerMinute, shape.burstUnits);
    default:
      return shape satisfies never;
  }
}

function fixedMinutes(unitsPerMinute: number): QuotaModel {
  let startMs = Number.NEGATIVE_INFINITY;
  let used = 0;
  return {
    unitsPerMinute,
    take(nowMs, units) {
      if (nowMs - startMs >= MINUTE_MS) {
        startMs = nowMs;
        used = 0;
      }
      if (used + units > this.unitsPerMinute) return startMs + MINUTE_MS;
      used += units;
      return null;
    },
  };
}

function slidingMinute(unitsPerMinute: number): QuotaModel {
  let taken: { readonly atMs: number; readonly units: number }[] = [];
  let head = 0;
  let used = 0;
  return {
    unitsPerMinute,
    take(nowMs, units) {
      for (let first = taken[head]; first !== undefined && first.atMs <= nowMs - MINUTE_MS; first = taken[head]) {
        used -= first.units;
        head += 1;
      }
      if (head > 4_096) {
        taken = taken.slice(head);
        head = 0;
      }
      if (used + units > this.unitsPerMinute) return (taken[head]?.atMs ?? nowMs) + MINUTE_MS;
      taken.push({ atMs: nowMs, units });
      used += units;
      return null;
    },
  };
}

function bucket(unitsPerMinute: number, burstUnits: number): QuotaModel {
  let level = burstUnits;
  let atMs = 0;
  return {
    unitsPerMinute,
    take(nowMs, units) {
      level = Math.min(burstUnits, level + ((nowMs - atMs) * this.unitsPerMinute) / MINUTE_MS);
      atMs = nowMs;
      if (level < units) return nowMs + ((units - level) * MINUTE_MS) / this.unitsPerMinute;
      level -= units;
      return null;
    },
  };
}
