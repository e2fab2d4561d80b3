import type { Batch } from "@draftmill/shared/batch/batch.ts";
import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";

/** From so many drafts on a mailbox's own speed is known to a tenth. */
const TELLING_DRAFTS = 10;

/** What a batch still has to do in one mailbox. */
export interface MailboxLeft {
  readonly total: number;
  readonly left: number;
}

/**
 * How long the rest of a batch takes: each mailbox needs as long as its quota makes it, or as its own speed does where that is slower, and
 * the last of them decides. A pause counts towards no speed, nor does the time before the first request may be made. Null while it is
 * not to go on, and when nothing is left. While requests wait for their time it is what the last of them needs, at most.
 * @param mailboxes those with the most requests
 */
export function secondsLeft(
  { control, createdAtMs, pausedMs, notBefore }: Pick<Batch, "control" | "createdAtMs" | "pausedMs" | "notBefore">,
  mailboxes: readonly MailboxLeft[],
  { unitsPerMinute, nowMs }: { readonly unitsPerMinute: number; readonly nowMs: number },
): number | null {
  const open = mailboxes.filter(({ left }) => left > 0);
  if (open.length === 0 || control !== "open") return null;
  const begunMs = Math.max(createdAtMs, notBefore?.firstMs ?? 0);
  const activeSeconds = Math.max(0, nowMs - begunMs - pausedMs) / 1_000;
  const quota = draftsPerSecond(unitsPerMinute);
  const seconds = open.map(({ total, left }) => {
    const done = total - left;
    const measured = done >= TELLING_DRAFTS && activeSeconds > 0 ? done / activeSeconds : quota;
    return left / Math.min(quota, measured);
  });
  const aheadSeconds = Math.max(0, (notBefore?.lastMs ?? 0) - nowMs) / 1_000;
  return Math.ceil(aheadSeconds + Math.max(...seconds));
}

/** How long so many drafts of one mailbox take at the speed of its quota. */
export function secondsAtQuota(drafts: number, unitsPerMinute: number): number {
  return Math.ceil(drafts / draftsPerSecond(unitsPerMinute));
}

function draftsPerSecond(unitsPerMinute: number): number {
  return unitsPerMinute / DRAFT_UNITS / 60;
}
