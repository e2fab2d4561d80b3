import type { Clock } from "@draftmill/shared/clock.ts";
import { Refusal } from "../google-error.ts";

const MINUTE_MS = 60_000;

interface Window {
  readonly startMs: number;
  readonly used: number;
}

/**
 * Units per minute and user. A window begins with a mailbox's first call and lasts one minute, or less with as much less
 * in it; a refused call costs nothing.
 */
export class Quota {
  readonly #clock: Clock;
  readonly #windowMs: number;
  readonly #windows = new Map<string, Window>();

  /** May be changed at any time; what is spent of a window stays spent. */
  unitsPerMinute: number;

  constructor(clock: Clock, unitsPerMinute: number, windowMs = MINUTE_MS) {
    this.#clock = clock;
    this.unitsPerMinute = unitsPerMinute;
    this.#windowMs = windowMs;
  }

  /** Takes a call's units from the mailbox, or refuses as Gmail does. */
  charge(mailbox: string, units: number): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#windows.get(mailbox);
    const window = known !== undefined && nowMs - known.startMs < this.#windowMs ? known : { startMs: nowMs, used: 0 };
    const used = window.used + units;
    if (used > (this.unitsPerMinute * this.#windowMs) / MINUTE_MS) {
      const { unitsPerMinute } = this;
      throw new Refusal("quotaExceeded", { quotaWindowStartMs: window.startMs, unitsPerMinute });
    }
    this.#windows.set(mailbox, { startMs: window.startMs, used });
  }
}
