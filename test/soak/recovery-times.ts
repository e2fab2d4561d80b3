/** How long it took from the death of a worker to the draft of each request that it had under way. */
export class RecoveryTimes {
  readonly #begunMs = new Map<string, number>();
  readonly #tookMs: number[] = [];

  begin(ids: readonly string[]): void {
    for (const id of ids) if (!this.#begunMs.has(id)) this.#begunMs.set(id, performance.now());
  }

  done(id: string): void {
    const begunMs = this.#begunMs.get(id);
    if (begunMs === undefined) return;
    this.#begunMs.delete(id);
    this.#tookMs.push(performance.now() - begunMs);
  }

  all(): readonly number[] {
    return this.#tookMs;
  }
}

/** 0 for no values at all. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
}
