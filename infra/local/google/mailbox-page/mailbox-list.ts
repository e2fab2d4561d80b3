import type { MailboxSummary } from "../gmail/draft-store.ts";
import { html, type Markup } from "./html.ts";
import { mailboxPath } from "./page.ts";

/** The left column: all drafts, then each mailbox with its number of drafts. */
export function mailboxList(mailboxes: readonly MailboxSummary[], current: string | undefined): Markup {
  const total = mailboxes.reduce((sum, { drafts }) => sum + drafts, 0);
  return html`<h2 class="eyebrow">Mailboxes</h2>
<ul>
<li>${entry("/", "All drafts", total, current === undefined)}</li>
${mailboxes.map(({ mailbox, drafts }) => html`<li>${entry(mailboxPath(mailbox), mailbox, drafts, current === mailbox)}</li>`)}
</ul>`;
}

function entry(path: string, label: string, count: number, current: boolean): Markup {
  return html`<a class="mailbox" href="${path}" ${current && html`aria-current="page"`}><span class="mailbox-name">${label}</span><span class="count">${count.toLocaleString("en-US")}</span></a>`;
}
