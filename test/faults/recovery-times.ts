/** How long it took from the end of each fault to the record of each draft that it had held up. */
export interface RecoveryTimes {
  note(fault: string, tookMs: readonly number[]): void;
  /** One line for each fault, in the order of the cases: requests, median and worst in seconds. */
  table(): readonly string[];
}

export function createRecoveryTimes(): RecoveryTimes {
  const rows = new Map<string, readonly number[]>();
  return {
    note(fault, tookMs) {
      rows.set(fault, [...(rows.get(fault) ?? []), ...tookMs]);
    },
    table() {
      const width = Math.max(0, ...[...rows.keys()].map(({ length }) => length));
      return [...rows].map(([fault, tookMs]) => {
        const sorted = tookMs.toSorted((a, b) => a - b);
        const median = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
        const count = `${tookMs.length}`.padStart(3);
        return `${fault.padEnd(width)} | ${count} | median ${seconds(median)} | worst ${seconds(sorted.at(-1) ?? 0)}`;
      });
    },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1).padStart(5)} s`;
}
