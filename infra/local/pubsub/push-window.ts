export interface PushWindowLimits {
  readonly initial: number;
  readonly max: number;
  /** Failures leave so many; one unless given. */
  readonly min?: number;
}

/**
 * How many pushes of a subscription may be out at once. Starts small, grows by one with each ack, which doubles it each
 * round trip, and halves on a nack (https://cloud.google.com/pubsub/docs/push#push_delivery_rate gives the shape, not the
 * numbers). Failures of one round count once: a round of 1000 that fails together leaves 500, not 1.
 */
export class PushWindow {
  readonly #limits: PushWindowLimits;
  #size: number;
  #round = 0;

  constructor(limits: PushWindowLimits) {
    this.#limits = limits;
    this.#size = Math.min(limits.initial, limits.max);
  }

  get size(): number {
    return this.#size;
  }

  /** To be noted at the start of a push and given back with its nack. */
  get round(): number {
    return this.#round;
  }

  ack(): void {
    this.#size = Math.min(this.#limits.max, this.#size + 1);
  }

  nack(round: number): void {
    if (round < this.#round) return;
    this.#round += 1;
    this.#size = Math.max(this.#limits.min ?? 1, Math.floor(this.#size / 2));
  }
}
