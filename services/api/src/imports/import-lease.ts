import type { Clock } from "@draftmill/shared/clock.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DocumentKind, Documents } from "@draftmill/shared/ledger/documents.ts";

/** That a call reads the file of a batch, and no other may meanwhile. */
export interface ReadingLease {
  readonly batch: string;
  readonly holder: string;
  /** From here on the lease counts as absent. */
  readonly untilMs: number;
}

export const READING_LEASES: DocumentKind<ReadingLease> = {
  name: "reading-lease",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as ReadingLease,
  idOf: ({ batch }) => batch,
  expireAtMsOf: ({ untilMs }) => untilMs,
};

/** Longer than a file may stand still, and than a chunk takes to publish. A process that died keeps its file from others so long. */
export const READING_LEASE_MS = 90_000;
const RENEW_AFTER_MS = READING_LEASE_MS / 3;

export interface Reading {
  /** Makes the lease last when it is time to. Throws IMPORT_UNDER_WAY when another call has it by now. */
  goOn(): Promise<void>;
  end(): Promise<void>;
}

/** A call that was cut off may not have noticed it yet when its file comes again. */
const PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 100;

/** Begins the reading of a batch's file, unless another call reads it: IMPORT_UNDER_WAY. */
export async function beginReading(
  leases: Documents<ReadingLease>,
  { batch, holder, clock }: { readonly batch: string; readonly holder: string; readonly clock: Clock },
): Promise<Reading> {
  const startedMs = clock.monotonicMs();
  for (;;) {
    const other = await leases.create({ batch, holder, untilMs: clock.nowMs() + READING_LEASE_MS });
    if (other === null) break;
    if (clock.monotonicMs() - startedMs >= PATIENCE_MS) throw underWay(other.untilMs - clock.nowMs());
    await clock.sleep(LOOK_EVERY_MS);
  }
  let renewedMs = clock.monotonicMs();
  /** Null: it is not ours any more. */
  const set = async (untilMs: (nowMs: number) => number): Promise<ReadingLease | null> => {
    let isOurs = false;
    const lease = await leases.update(batch, (now, nowMs) => {
      isOurs = now.holder === holder;
      return isOurs ? { ...now, untilMs: untilMs(nowMs) } : null;
    });
    return isOurs ? lease : null;
  };
  return {
    async goOn() {
      if (clock.monotonicMs() - renewedMs < RENEW_AFTER_MS) return;
      if ((await set((nowMs) => nowMs + READING_LEASE_MS)) === null) throw underWay(READING_LEASE_MS);
      renewedMs = clock.monotonicMs();
    },
    async end() {
      await set((nowMs) => nowMs);
    },
  };
}

function underWay(retryAfterMs: number): DraftError {
  return new DraftError("IMPORT_UNDER_WAY", { retryAfterMs: Math.max(1_000, retryAfterMs) });
}
