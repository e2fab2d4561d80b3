import type { Clock } from "@draftmill/shared/clock.ts";

/** How long drafts.list leaves a new draft out, as a search index that lags behind does; by mailbox. */
export class ListLag {
  readonly #clock: Clock;
  readonly #lagMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(mailbox: string, lagMs: number): void {
    if (!(lagMs >= 0)) throw new RangeError("a lag is a number from 0");
    this.#lagMs.set(mailbox.toLowerCase(), lagMs);
  }

  /** What was made after this wall time is not in the list yet. */
  listedUntilMs(mailbox: string): number {
    const lagMs = this.#lagMs.get(mailbox) ?? 0;
    return lagMs === 0 ? Number.MAX_SAFE_INTEGER : Math.max(0, this.#clock.nowMs() - lagMs);
  }
}
