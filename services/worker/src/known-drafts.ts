import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";

const PAGE_SIZE = 1_000;
/** As far back as a search in the mailbox goes. */
const PAGES_MAX = 10;

/**
 * The drafts of a mailbox that are accounted for, the newest 10,000. A search for a lost draft need not open them, which
 * costs 20 quota units each (https://developers.google.com/workspace/gmail/api/reference/quota).
 */
export async function knownDraftIds(ledger: DraftLedger, mailbox: string): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  let cursor: string | null = null;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const at: { cursor?: string } = cursor === null ? {} : { cursor };
    const page = await ledger.list({ mailbox, state: "created", limit: PAGE_SIZE, ...at });
    for (const { draftId } of page.items) if (draftId !== null) known.add(draftId);
    cursor = page.nextCursor;
    if (cursor === null) break;
  }
  return known;
}
