interface Waiter {
  readonly bytes: number;
  readonly go: (share: Disposable) => void;
}

/**
 * Bounds what is held in memory for work that is under way. First come, first served; what is larger than all of it goes when
 * nothing else does.
 */
export class ByteBudget {
  readonly #bytesMax: number;
  readonly #waiting = new Set<Waiter>();
  #used = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Waits for so many bytes, which are given back by disposing of them. Rejects with the signal's reason as soon as it aborts. */
  take(bytes: number, signal: AbortSignal): Promise<Disposable> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const giveUp = (): void => {
        this.#waiting.delete(waiter);
        reject(signal.reason);
        this.#serve();
      };
      const waiter: Waiter = {
        bytes,
        go(share) {
          signal.removeEventListener("abort", giveUp);
          resolve(share);
        },
      };
      signal.addEventListener("abort", giveUp, { once: true });
      this.#waiting.add(waiter);
      this.#serve();
    });
  }

  #serve(): void {
    for (const waiter of this.#waiting) {
      if (this.#used > 0 && this.#used + waiter.bytes > this.#bytesMax) return;
      this.#waiting.delete(waiter);
      waiter.go(this.#share(waiter.bytes));
    }
  }

  #share(bytes: number): Disposable {
    this.#used += bytes;
    let isOut = true;
    return {
      [Symbol.dispose]: () => {
        if (!isOut) return;
        isOut = false;
        this.#used -= bytes;
        this.#serve();
      },
    };
  }
}
