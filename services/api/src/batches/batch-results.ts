import { setImmediate as turn } from "node:timers/promises";
import type { DraftRecord, DraftState } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { type Access, mayRead } from "../callers/access.ts";

export interface ResultsQuery {
  readonly batch: string;
  readonly state: DraftState | undefined;
  readonly access: Access;
}

const PAGE = 200;
/** Of the first page: until it is read nobody knows how large records are. */
const FIRST_PAGE = 25;
/** Of bodies in a page, as far as the page before tells: one that failed may have 100 kB of it, and most have none. */
const PAGE_CHARACTERS = 1_000_000;

/**
 * The requests of a batch that are on record, newest first, page by page and no faster than they are taken. Those of mailboxes that the
 * caller may not read are left out: which batch a message is of is its producer's word.
 */
export async function* batchResults(
  ledger: Pick<DraftLedger, "list">,
  { batch, state, access }: ResultsQuery,
): AsyncGenerator<readonly DraftRecord[]> {
  const filter = { batch, ...(state === undefined ? {} : { state }) };
  let limit = FIRST_PAGE;
  let cursor: string | undefined;
  do {
    const { items, nextCursor } = await ledger.list({ ...filter, limit, ...(cursor === undefined ? {} : { cursor }) });
    yield items.filter(({ mailbox }) => mayRead(access, mailbox));
    cursor = nextCursor ?? undefined;
    limit = nextLimit(items);
    // With a store in this process and a reader that is as fast nothing else here waits for anything.
    await turn();
  } while (cursor !== undefined);
}

function nextLimit(items: readonly DraftRecord[]): number {
  const characters = items.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
  return Math.max(1, Math.min(PAGE, Math.floor((PAGE_CHARACTERS * items.length) / Math.max(1, characters))));
}
