import { hash } from "node:crypto";
import type { DraftRecord } from "../contract/draft-record.ts";

/** As many as Firestore takes in one condition: https://cloud.google.com/firestore/docs/query-data/queries#limits_on_or_queries */
export const RECIPIENTS_ASKED_MAX = 30;
/** Of the records to one recipient so many, the newest, are told; a hot one must not cost what all its records do. */
export const RECENT_OF_ONE_MAX = 10;

/** @throws RangeError */
export function checkRecipients({ length }: readonly string[]): void {
  if (length < 1 || length > RECIPIENTS_ASKED_MAX)
    throw new RangeError(`1 to ${RECIPIENTS_ASKED_MAX} recipients can be asked for, not ${length}`);
}

/** How a store knows a recipient: by a hash, of one length for all, which nobody reads. */
export function recipientHash(address: string): string {
  return hash("sha256", address.toLowerCase(), "base64url").slice(0, 22);
}

/** Each recipient of a request once. */
export function recipientHashes({ to }: Pick<DraftRecord, "to">): readonly string[] {
  return [...new Set(to.map(recipientHash))];
}
