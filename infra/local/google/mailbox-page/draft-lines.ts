import { snippetOf } from "../gmail/draft-resource.ts";
import type { DraftEntry, DraftStore } from "../gmail/draft-store.ts";
import { headerValue, parseHeaders, splitMessage } from "../gmail/mime-part.ts";

/** What a list says of a draft beside its entry. */
export interface DraftLine extends DraftEntry {
  readonly to: string;
  readonly subject: string;
  readonly snippet: string;
}

type Words = Pick<DraftLine, "to" | "subject" | "snippet">;

/** Some megabytes when full. */
const REMEMBERED_MAX = 10_000;

/**
 * Lines of drafts, each message read once: an open page asks for all of them with every change, and a message may have
 * megabytes. A draft that changes gets a new revision.
 */
export function rememberLines(
  store: Pick<DraftStore, "find">,
): (entries: readonly DraftEntry[]) => readonly DraftLine[] {
  const remembered = new Map<number, Words>();

  function wordsOf({ mailbox, id, revision }: DraftEntry): Words {
    const known = remembered.get(revision);
    if (known !== undefined) return known;
    const raw = store.find(mailbox, id)?.raw ?? Buffer.alloc(0);
    const headers = parseHeaders(splitMessage(raw).head);
    const words = {
      to: headerValue(headers, "to") ?? "",
      subject: headerValue(headers, "subject") ?? "",
      snippet: snippetOf(raw),
    };
    remembered.set(revision, words);
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
    return words;
  }

  return (entries) => entries.map((entry) => ({ ...entry, ...wordsOf(entry) }));
}
