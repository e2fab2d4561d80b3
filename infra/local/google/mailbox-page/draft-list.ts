import { splitAddressList } from "@draftmill/shared/contract/email-address.ts";
import type { DraftLine } from "./draft-lines.ts";
import { html, type Markup } from "./html.ts";
import { draftPath, moment } from "./page.ts";

export interface DraftListContent {
  readonly title: string;
  readonly total: number;
  readonly drafts: readonly DraftLine[];
  /** The id of the draft that is open. */
  readonly current: string | undefined;
  /** Whether a line says in whose mailbox the draft lies. */
  readonly showMailbox: boolean;
  readonly nowMs: number;
}

/** The middle column: drafts, newest first. */
export function draftList(content: DraftListContent): Markup {
  const { title, total, drafts } = content;
  return html`<header class="column-head"><a class="back" href="/" aria-label="Back to all mailboxes">←</a><h1>${title}</h1>
<p class="muted">${total.toLocaleString("en-US")} ${total === 1 ? "draft" : "drafts"}${drafts.length < total && html`, the newest ${drafts.length} shown`}</p></header>
<ol class="lines">${drafts.map((draft) => line(draft, content))}</ol>`;
}

function line(draft: DraftLine, { current, showMailbox, nowMs }: DraftListContent): Markup {
  const { to, subject, snippet } = draft;
  return html`<li><a class="line" href="${draftPath(draft.mailbox, draft.id)}" data-key="${draft.id}" ${draft.id === current && html`aria-current="true"`}>
<span class="line-top"><span class="to">${to === "" ? "No recipient" : displayNames(to)}</span>${moment(draft.updatedAtMs, nowMs)}</span>
<span class="subject">${subject || "(no subject)"}</span>
<span class="snippet">${snippet}</span>
${showMailbox && html`<span class="in">${draft.mailbox}</span>`}
</a></li>`;
}

/** "Ada Lovelace, grace@example.com": names where there are names. */
function displayNames(addresses: string): string {
  return splitAddressList(addresses).map(displayName).join(", ");
}

function displayName(address: string): string {
  const text = address.trim();
  const name = text.endsWith(">") ? text.slice(0, text.lastIndexOf("<")).trim() : "";
  const quoted = /^"(.*)"$/.exec(name)?.[1];
  return (quoted?.replace(/\\(.)/g, "$1") ?? name) || text;
}
