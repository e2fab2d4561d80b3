// https://cloud.google.com/pubsub/docs/push#push_backoff
const MIN_MS = 100;
const MAX_MS = 60_000;
/** The share of the past in the failure ratio: about the last ten answers count. */
const MEMORY = 0.9;
/** A lone failure among successes stops nothing. */
const TOLERATED_RATIO = 0.1;

/**
 * Stops a whole subscription for a while when too many of its pushes fail. Pub/Sub documents the bounds (100 ms to 60 s)
 * and two examples: one nack in five answers spaces deliveries by about 500 ms, nothing but nacks by 30 to 60 s. The
 * curve through them is ours: 100 ms × 600^ratio.
 */
export class PushBackoff {
  #ratio = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** Nothing is to be pushed before this monotonic time. */
  get untilMs(): number {
    return this.#untilMs;
  }

  ack(): void {
    this.#ratio *= MEMORY;
  }

  nack(nowMs: number): void {
    this.#ratio = this.#ratio * MEMORY + (1 - MEMORY);
    if (this.#ratio <= TOLERATED_RATIO + Number.EPSILON) return;
    this.#untilMs = Math.max(this.#untilMs, nowMs + Math.min(MAX_MS, MIN_MS * 600 ** this.#ratio));
  }
}
