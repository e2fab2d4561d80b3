const MINUTE_MS = 60_000;
const SLOT_MS = 3_000;
/** Those of a whole minute and the one that begins. */
const SLOTS = MINUTE_MS / SLOT_MS + 1;

/**
 * The units that were spent within the last minute. Kept in slots, of which the oldest counts by the part of it that the
 * minute still covers. Times are monotonic and never go back.
 */
export class MinuteAccount {
  readonly #slots = new Float64Array(SLOTS);
  #slot = 0;
  #total = 0;

  add(nowMs: number, units: number): void {
    this.#roll(nowMs);
    this.#slots[this.#slot % SLOTS] = this.#at(0) + units;
    this.#total += units;
  }

  spent(nowMs: number): number {
    this.#roll(nowMs);
    return this.#total - this.#at(1) * this.#begun(nowMs);
  }

  /** When no more than `units` will have been spent within a minute, if nothing else is; now, if that is so. */
  downTo(nowMs: number, units: number): number {
    this.#roll(nowMs);
    let left = this.#total;
    for (let ahead = 1; ahead <= SLOTS; ahead += 1) {
      const leaving = this.#at(ahead);
      if (left - leaving <= units) {
        const share = leaving === 0 ? 0 : Math.max(0, left - units) / leaving;
        return Math.max(nowMs, (this.#slot + ahead - 1 + share) * SLOT_MS);
      }
      left -= leaving;
    }
    return nowMs + MINUTE_MS;
  }

  /** The slot that leaves the minute `ahead` slots from now; 0 is the one that has begun. */
  #at(ahead: number): number {
    return this.#slots[(this.#slot + ahead) % SLOTS] ?? 0;
  }

  #begun(nowMs: number): number {
    return nowMs / SLOT_MS - this.#slot;
  }

  #roll(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    if (slot - this.#slot >= SLOTS) {
      this.#slots.fill(0);
      this.#slot = slot;
      this.#total = 0;
    }
    while (this.#slot < slot) {
      this.#total -= this.#at(1);
      this.#slot += 1;
      this.#slots[this.#slot % SLOTS] = 0;
    }
  }
}
