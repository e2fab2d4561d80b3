import type { DraftRecord, DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { type Access, mayRead } from "../callers/access.ts";

export interface ResultsQuery {
  readonly batch: string;
  readonly state: DraftState | undefined;
  readonly access: Access;
}

/** What is in memory at a time: a record that keeps its body may have a megabyte. */
const PAGE = 200;

/**
 * The requests of a batch that are on record, newest first, page by page and no faster than they are taken. Those of mailboxes that the
 * caller may not read are left out: which batch a message is of is its producer's word.
 */
export async function* batchResults(
  ledger: Pick<DraftLedger, "list">,
  { batch, state, access }: ResultsQuery,
): AsyncGenerator<readonly DraftRecord[]> {
  const filter = { batch, ...(state === undefined ? {} : { state }), limit: PAGE };
  let cursor: string | undefined;
  do {
    const page = await ledger.list({ ...filter, ...(cursor === undefined ? {} : { cursor }) });
    yield page.items.filter(({ mailbox }) => mayRead(access, mailbox));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}
