import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "@draftmill/shared/clock.ts";

interface Sleeper {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that moves when it is told to. Wall and monotonic time run together; the wall starts at a real-looking date. */
export class ManualClock implements Clock {
  readonly #startMs: number;
  readonly #sleepers = new Set<Sleeper>();
  readonly #watchers = new Set<() => void>();
  #elapsedMs = 0;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  nowMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      if (ms <= 0) {
        resolve();
        return;
      }
      const end = (settle: () => void) => {
        signal?.removeEventListener("abort", abort);
        this.#sleepers.delete(sleeper);
        settle();
      };
      const abort = () => end(() => reject(signal?.reason));
      const sleeper = { atMs: this.#elapsedMs + ms, wake: () => end(resolve) };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.add(sleeper);
      for (const watcher of [...this.#watchers]) watcher();
    });
  }

  /** How many are asleep now. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Until somebody sleeps that is to wake within `ms` from now: the fact to wait for before `advance(ms)`. */
  async sleeping(ms: number): Promise<void> {
    const isSo = () => [...this.#sleepers].some(({ atMs }) => atMs <= this.#elapsedMs + ms);
    if (isSo()) return;
    await new Promise<void>((resolve) => {
      const watcher = () => {
        if (!isSo()) return;
        this.#watchers.delete(watcher);
        resolve();
      };
      this.#watchers.add(watcher);
    });
  }

  /** Moves on, waking sleepers in the order of their times, and lets each do what it does at once before the next. */
  async advance(ms: number): Promise<void> {
    const targetMs = this.#elapsedMs + ms;
    for (;;) {
      const next = [...this.#sleepers].filter(({ atMs }) => atMs <= targetMs).toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) break;
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs);
      next.wake();
      await turn();
    }
    this.#elapsedMs = targetMs;
  }
}
