import type { BatchView } from "../../batches/batch-view.ts";
import { plainText } from "../plain-text.ts";
import { bar, percent } from "./bar.ts";
import { duration, rate, secondsAtPace } from "./pace.ts";

/** Of more there would be nothing but mailboxes on the screen. */
const MAILBOXES_SHOWN = 8;
const BAR_WIDTH_MAX = 30;

/** How far a batch is, in one line without colours. */
export function batchLine(batch: BatchView, perSecond: number | null): string {
  const { name, id } = batch;
  return `${plainText(name ?? id)}: ${progressText(batch, perSecond)}`;
}

function progressText(batch: BatchView, perSecond: number | null): string {
  const { total, counts, status, undo } = batch;
  const ended = endedIn(batch);
  const failed = counts.failed + counts.dead;
  const parts = [
    `${ended.toLocaleString("en")}/${total.toLocaleString("en")} (${percent(ended, total)})`,
    ...(failed === 0 ? [] : [`${failed.toLocaleString("en")} failed`]),
    ...(counts.parked === 0 ? [] : [`${counts.parked.toLocaleString("en")} parked`]),
    ...(counts.canceled === 0 ? [] : [`${counts.canceled.toLocaleString("en")} canceled`]),
    ...(undo === null ? [] : [`${undo.deleted.toLocaleString("en")} taken back`]),
    ...(status === "running" ? restOf(batch, perSecond) : [status]),
  ];
  return parts.join(", ");
}

/** The same for a terminal of so many columns: a bar for the whole, and one for each of the mailboxes with the most left. */
export function batchScreen(batch: BatchView, perSecond: number | null, columns: number): readonly string[] {
  const { total, mailboxes, name, id } = batch;
  const width = Math.max(4, Math.min(BAR_WIDTH_MAX, columns - 60));
  // What a narrow terminal cuts off is the name.
  const head = [`${bar(endedIn(batch), total, width)} ${progressText(batch, perSecond)}  ${plainText(name ?? id)}`];
  if (mailboxes.length < 2) return head;
  const byLeft = mailboxes.toSorted((a, b) => b.total - endedIn(b) - (a.total - endedIn(a)));
  const shown = byLeft.slice(0, MAILBOXES_SHOWN).map((one) => {
    const done = endedIn(one);
    return `  ${bar(done, one.total, Math.ceil(width / 2))} ${percent(done, one.total).padStart(5)} ${plainText(one.mailbox)}: ${done.toLocaleString("en")}/${one.total.toLocaleString("en")}`;
  });
  const more = mailboxes.length - shown.length;
  return [...head, ...shown, ...(more > 0 ? [`  and ${more} more mailboxes`] : [])];
}

function endedIn({ total, counts }: Pick<BatchView, "total" | "counts">): number {
  return total - counts.queued - counts.processing;
}

function restOf(batch: BatchView, perSecond: number | null): readonly string[] {
  const left = batch.total - endedIn(batch);
  // The service knows the quota, and this side the speed of now: the slower one is right.
  const seconds = [batch.secondsLeft, secondsAtPace(left, perSecond)].filter((one) => one !== null);
  return [
    ...(perSecond === null || left === 0 ? [] : [rate(perSecond)]),
    ...(left === 0 || seconds.length === 0 ? [] : [`${duration(Math.max(...seconds))} left`]),
  ];
}
