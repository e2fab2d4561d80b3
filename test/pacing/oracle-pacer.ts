import { Fifo } from "@draftmill/local/pubsub/fifo.ts";
import { type Admission, NO_ADMISSION, type Pacer } from "@draftmill/worker/pacing/pacer.ts";
import type { QuotaModel } from "./quota-models.ts";
import type { VirtualClock } from "./virtual-clock.ts";

interface Waiter {
  readonly units: number;
  readonly go: (admission: Admission) => void;
}

/** A limiter that reads Gmail's own books and pays there at once: a run takes as long with it as it must. */
export function createOraclePacer(clock: VirtualClock, quotaOf: (mailbox: string) => QuotaModel): Pacer {
  const lines = new Map<string, Fifo<Waiter>>();

  /** Serves the line of a mailbox until it is empty. */
  function serve(mailbox: string, line: Fifo<Waiter>, next = line.shift()): void {
    for (let waiter = next; waiter !== undefined; waiter = line.shift()) {
      const again = waiter;
      const freeMs = quotaOf(mailbox).take(clock.monotonicMs(), waiter.units);
      if (freeMs !== null) {
        clock.after(freeMs - clock.monotonicMs(), () => serve(mailbox, line, again));
        return;
      }
      waiter.go(NO_ADMISSION);
    }
    lines.delete(mailbox);
  }

  return {
    admit({ mailbox, units }) {
      return new Promise((go) => {
        const line = lines.get(mailbox);
        if (line !== undefined) {
          line.push({ units, go });
          return;
        }
        const opened = new Fifo<Waiter>();
        lines.set(mailbox, opened);
        opened.push({ units, go });
        serve(mailbox, opened);
      });
    },
    spend() {},
  };
}
