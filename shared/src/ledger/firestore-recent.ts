import type { DraftRecord } from "../contract/draft-record.ts";
import type { FirestoreClient } from "./firestore-client.ts";
import { recordOf } from "./firestore-document.ts";
import { recentQuery } from "./firestore-pages.ts";
import { RECENT_OF_ONE_MAX } from "./recipients.ts";

/** More records of this many recipients together are told apart by asking for halves of them. */
const PAGE = 100;

/** One query, unless some of the recipients have so many records that they would hide those of others: then two, and so on. */
export async function recentRecords(
  client: FirestoreClient,
  recipients: readonly string[],
  sinceMs: number,
  signal: AbortSignal,
): Promise<readonly DraftRecord[]> {
  const limit = recipients.length === 1 ? RECENT_OF_ONE_MAX : PAGE;
  const { documents, readTime } = await client.query(recentQuery(recipients, sinceMs, limit), signal);
  if (documents.length < limit || recipients.length === 1) {
    return documents.map(recordOf).filter(({ expireAtMs }) => expireAtMs > Date.parse(readTime));
  }
  const middle = Math.ceil(recipients.length / 2);
  const halves = await Promise.all(
    [recipients.slice(0, middle), recipients.slice(middle)].map((half) => recentRecords(client, half, sinceMs, signal)),
  );
  return [...new Map(halves.flat().map((record) => [record.id, record])).values()];
}
