/** Buckets of 5 % each, from a microsecond to some minutes. */
const GROWTH = 1.05;
const BUCKETS = 400;

/** How long operations took, to within 5 %, at the price of one addition each. */
export class Latencies {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  add(ms: number): void {
    const bucket = Math.ceil(Math.log(Math.max(1, ms * 1_000)) / Math.log(GROWTH));
    const index = Math.min(BUCKETS - 1, bucket);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** NaN when there was none. */
  quantile(share: number): number {
    if (this.#total === 0) return Number.NaN;
    let below = 0;
    for (const [bucket, count] of this.#counts.entries()) {
      below += count;
      if (below >= share * this.#total) return GROWTH ** bucket / 1_000;
    }
    return Number.NaN;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
