import type { Batch } from "@draftmill/shared/batch/batch.ts";

/** Gmail's price of a draft: https://developers.google.com/workspace/gmail/api/reference/quota */
const UNITS_PER_DRAFT = 10;
/** From this part on its own speed says more than the quota does. */
const TELLING_PART = 0.05;

/**
 * How long the rest of a batch takes: the mailbox with the most left needs as long as its quota makes it; and longer, if the batch has
 * not been that fast so far. Null while it is not to go on, and when nothing is left.
 * @param left requests that are open, and `most` of them in one mailbox
 */
export function secondsLeft(
  { control, total, createdAtMs, resumedAtMs }: Batch,
  { left, most }: { readonly left: number; readonly most: number },
  { unitsPerMinute, nowMs }: { readonly unitsPerMinute: number; readonly nowMs: number },
): number | null {
  if (left === 0 || control !== "open") return null;
  const byQuota = secondsAtQuota(most, unitsPerMinute);
  const done = total - left;
  // After a pause what was done before says nothing of the speed.
  const isTelling = done >= total * TELLING_PART && resumedAtMs === null;
  const bySpeed = isTelling ? (left / done) * ((nowMs - createdAtMs) / 1_000) : 0;
  return Math.ceil(Math.max(byQuota, bySpeed));
}

/** How long so many drafts of one mailbox take at the speed of its quota. */
export function secondsAtQuota(drafts: number, unitsPerMinute: number): number {
  return Math.ceil((drafts * UNITS_PER_DRAFT * 60) / unitsPerMinute);
}
