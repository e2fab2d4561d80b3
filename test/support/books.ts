import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Books, FoundDraft } from "./reckoning.ts";

const PAGE_SIZE = 1_000;

/** All records, or those of one mailbox, and the drafts that lie in the mailboxes that they name. */
export async function readBooks(
  ledger: DraftLedger,
  google: Pick<SandboxGoogle, "drafts">,
  filter: { readonly mailbox?: string } = {},
): Promise<Pick<Books, "records" | "drafts">> {
  const records = await allRecords(ledger, filter);
  const mailboxes = new Set(records.map(({ mailbox }) => mailbox));
  return { records, drafts: [...mailboxes].flatMap((mailbox) => draftsIn(google, mailbox)) };
}

export async function allRecords(
  ledger: DraftLedger,
  filter: { readonly mailbox?: string } = {},
): Promise<readonly DraftRecord[]> {
  const records: DraftRecord[] = [];
  let cursor: string | null = null;
  do {
    const page = await ledger.list({ limit: PAGE_SIZE, ...filter, ...(cursor === null ? {} : { cursor }) });
    records.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return records;
}

function draftsIn(google: Pick<SandboxGoogle, "drafts">, mailbox: string): FoundDraft[] {
  return google.drafts(mailbox).map(({ id, headers }) => ({
    mailbox,
    draftId: id,
    requestId: headers.find(({ name }) => name.toLowerCase() === "x-draftmill-id")?.value ?? null,
  }));
}
