import type { Batch } from "@draftmill/shared/batch/batch.ts";
import { openIn, withWaiting } from "@draftmill/shared/batch/batch-counts.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { StateCounts } from "@draftmill/shared/ledger/ledger.ts";
import { secondsLeft } from "./seconds-left.ts";

/** How far a batch has come. */
export interface BatchProgress {
  readonly batch: Batch;
  readonly counts: StateCounts;
  /** The mailboxes with the most requests; of more than `MAILBOXES_SHOWN` the others are only in the sums. */
  readonly mailboxes: readonly MailboxProgress[];
  /** Null while it stands still, and when nothing is left. */
  readonly secondsLeft: number | null;
}

export interface MailboxProgress {
  readonly mailbox: string;
  readonly total: number;
  readonly counts: StateCounts;
}

/** Each is a count of its own, which Firestore bills. */
export const MAILBOXES_SHOWN = 25;

/** What is counted, and what follows from it. Reads no record: a batch of 100,000 costs what one of ten does. */
export async function progressOf(
  ledger: Pick<DraftLedger, "countByState">,
  batch: Batch,
  quota: { readonly unitsPerMinute: number; readonly nowMs: number },
): Promise<BatchProgress> {
  const biggest = Object.entries(batch.mailboxes)
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MAILBOXES_SHOWN);
  const [whole, ...parts] = await Promise.all([
    ledger.countByState({ batch: batch.id }),
    // The only one's counts are the whole's.
    ...(biggest.length === 1 ? [] : biggest).map(([mailbox]) => ledger.countByState({ batch: batch.id, mailbox })),
  ]);
  const mailboxes = biggest.map(([mailbox, total], n) => ({
    mailbox,
    total,
    counts: withWaiting(total, parts[n] ?? whole),
  }));
  const counts = withWaiting(batch.total, whole);
  const parted = mailboxes.length === 0 ? [{ total: batch.total, counts }] : mailboxes;
  const open = parted.map((one) => ({ total: one.total, left: openIn(one.counts) }));
  return { batch, counts, mailboxes, secondsLeft: secondsLeft(batch, open, quota) };
}
