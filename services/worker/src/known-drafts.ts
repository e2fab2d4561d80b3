import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";

/** As many as a search looks at; older drafts are past its bound anyway. */
const NEWEST = 1_000;

/**
 * The drafts of a mailbox that are accounted for. A search for a lost draft need not open them, which costs 20 quota
 * units each (https://developers.google.com/workspace/gmail/api/reference/quota).
 */
export async function knownDraftIds(ledger: DraftLedger, mailbox: string): Promise<ReadonlySet<string>> {
  const { items } = await ledger.list({ mailbox, state: "created", limit: NEWEST });
  return new Set(items.flatMap(({ draftId }) => (draftId === null ? [] : [draftId])));
}
