import type { Clock } from "@draftmill/shared/clock.ts";

/** Calls back once at the earliest time it was set to; setting a later time than the pending one changes nothing. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #pending: { readonly atMs: number; readonly abort: AbortController } | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** `atMs` by the monotonic clock. */
  set(atMs: number): void {
    if (this.#pending !== undefined && this.#pending.atMs <= atMs) return;
    this.clear();
    const pending = { atMs, abort: new AbortController() };
    this.#pending = pending;
    const waitMs = Math.max(0, atMs - this.#clock.monotonicMs());
    this.#clock.sleep(waitMs, pending.abort.signal).then(
      () => {
        if (this.#pending !== pending) return;
        this.#pending = undefined;
        this.#ring();
      },
      () => undefined,
    );
  }

  clear(): void {
    this.#pending?.abort.abort();
    this.#pending = undefined;
  }
}
