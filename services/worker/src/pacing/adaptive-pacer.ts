import { MailboxPace, type PaceDeps } from "./mailbox-pace.ts";
import type { Pacer } from "./pacer.ts";

/** What a minute's quota had to do with is over then. */
const FORGET_AFTER_MS = 120_000;
/** About 10 MB. */
const MAILBOXES_MAX = 10_000;

export interface AdaptivePacer extends Pacer {
  /** Mailboxes that it knows something of. */
  readonly mailboxes: number;
}

/** Finds each mailbox's speed by what Gmail answers, in this instance and for it alone. Forgets mailboxes that nobody calls. */
export function createAdaptivePacer(deps: PaceDeps): AdaptivePacer {
  /** Who was used last stands last. */
  const paces = new Map<string, MailboxPace>();

  function paceOf(mailbox: string): MailboxPace {
    const known = paces.get(mailbox);
    const pace = known ?? new MailboxPace(deps);
    if (known === undefined) forget();
    else paces.delete(mailbox);
    paces.set(mailbox, pace);
    return pace;
  }

  /** Two are looked at for each that comes, so that it gets no longer as long as some are idle. */
  function forget(): void {
    const nowMs = deps.clock.monotonicMs();
    for (const [mailbox, pace] of [...first(paces, 2)]) {
      const idleMs = nowMs - pace.idleSinceMs;
      const isForgotten = idleMs >= FORGET_AFTER_MS || (idleMs >= 0 && paces.size >= MAILBOXES_MAX);
      paces.delete(mailbox);
      if (!isForgotten) paces.set(mailbox, pace);
    }
  }

  return {
    get mailboxes() {
      return paces.size;
    },
    admit: ({ mailbox, ...turn }, signal) => paceOf(mailbox).admit({ mailbox, ...turn }, signal),
    spend: (mailbox, units) => paceOf(mailbox).spend(units),
  };
}

function* first<T>(items: Iterable<T>, count: number): Generator<T> {
  let left = count;
  for (const item of items) {
    if (left === 0) return;
    left -= 1;
    yield item;
  }
}
