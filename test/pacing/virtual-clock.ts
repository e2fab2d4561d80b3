import { setImmediate as turn } from "node:timers/promises";
import { TimeHeap } from "@draftmill/local/pubsub/time-heap.ts";
import type { Clock } from "@draftmill/shared/clock.ts";

/** Time that passes only from one thing that happens to the next: an hour takes a second. */
export class VirtualClock implements Clock {
  readonly #startMs = Date.UTC(2026, 0, 1);
  readonly #events = new TimeHeap<() => void>();
  #nowMs = 0;

  nowMs(): number {
    return this.#startMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      this.after(ms, () => {
        signal?.removeEventListener("abort", abort);
        resolve();
      });
    });
  }

  after(ms: number, happen: () => void): void {
    this.#events.push(this.#nowMs + Math.max(0, ms), happen);
  }

  /** Goes on until `isOver`, until nothing is left to happen, or until the time is up. */
  async run(isOver: () => boolean, untilMs: number): Promise<void> {
    // What was begun before the clock moves.
    await turn();
    while (!isOver()) {
      const { nextMs } = this.#events;
      if (nextMs === undefined || nextMs > untilMs) return;
      this.#nowMs = nextMs;
      for (let happen = this.#events.popDue(nextMs); happen !== undefined; happen = this.#events.popDue(nextMs))
        happen();
      // Whoever waited for it does what it does at once before the clock moves on.
      await turn();
    }
  }
}
