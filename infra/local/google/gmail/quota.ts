import type { Clock } from "@draftmill/shared/clock.ts";
import { Refusal } from "../google-error.ts";

const WINDOW_MS = 60_000;

interface Window {
  readonly startMs: number;
  readonly used: number;
}

/** Units per minute and user. A window begins with a mailbox's first call and lasts one minute; a refused call costs nothing. */
export class Quota {
  readonly #clock: Clock;
  readonly #unitsPerMinute: number;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, unitsPerMinute: number) {
    this.#clock = clock;
    this.#unitsPerMinute = unitsPerMinute;
  }

  /** Takes a call's units from the mailbox, or refuses as Gmail does. */
  charge(mailbox: string, units: number): void {
    const nowMs = this.#clock.nowMs();
    const known = this.#windows.get(mailbox);
    const window = known !== undefined && nowMs - known.startMs < WINDOW_MS ? known : { startMs: nowMs, used: 0 };
    const used = window.used + units;
    if (used > this.#unitsPerMinute) throw new Refusal("quotaExceeded", { quotaWindowStartMs: window.startMs });
    this.#windows.set(mailbox, { startMs: window.startMs, used });
  }
}
