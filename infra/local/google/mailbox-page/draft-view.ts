import type { StoredDraft } from "../gmail/draft-store.ts";
import type { DraftMail } from "./draft-mail.ts";
import { html, type Markup } from "./html.ts";
import { draftPath, mailboxPath } from "./page.ts";

export const DRAFT_VIEWS = ["html", "text", "source"] as const;
export type DraftView = (typeof DRAFT_VIEWS)[number];

const LABELS: Readonly<Record<DraftView, string>> = { html: "Message", text: "Plain text", source: "Source" };
// Beyond it a browser gets slow; the download has all of it.
const SHOWN_SOURCE_BYTES = 256 * 1024;

/** The right column: one draft as its owner would find it, or its plain text, or its source. */
export function draftView(draft: StoredDraft, mail: DraftMail, view: DraftView): Markup {
  const path = draftPath(draft.mailbox, draft.id);
  return html`<article data-revision="${draft.revision}">
<header class="draft-head">
<a class="back" href="${mailboxPath(draft.mailbox)}" aria-label="Back to ${draft.mailbox}">←</a>
<p class="tags"><span class="tag tag-draft">Draft</span><a class="tag" href="${mailboxPath(draft.mailbox)}">${draft.mailbox}</a></p>
<h1>${mail.subject || "(no subject)"}</h1>
<dl class="fields">${mail.fields.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>
${attachments(mail)}
<nav class="views" aria-label="View">${DRAFT_VIEWS.map(
    (name) => html`<a href="${path}?view=${name}" ${name === view && html`aria-current="page"`}>${LABELS[name]}</a>`,
  )}<a class="download" href="${path}/source.eml" download>Download .eml</a></nav>
${body(draft, mail, view, path)}
<footer class="ids">${idField("X-Draftmill-Id", mail.draftmillId)}${idField("Draft", draft.id)}${idField("Message", draft.messageId)}${idField("Thread", draft.threadId)}</footer>
</article>`;
}

function body(draft: StoredDraft, mail: DraftMail, view: DraftView, path: string): Markup {
  switch (view) {
    case "html":
      if (mail.html === undefined) return html`<pre class="plain">${mail.text ?? ""}</pre>`;
      // Its own document with its own policy: no script, no form, nothing from outside, no access to this page.
      return html`<iframe class="paper" title="The message as HTML" sandbox="" src="${path}/html?revision=${draft.revision}"></iframe>`;
    case "text":
      if (mail.text === undefined) return html`<p class="muted empty-part">This draft has no plain text part.</p>`;
      return html`<pre class="plain">${mail.text}</pre>`;
    case "source": {
      const source = draft.raw.subarray(0, SHOWN_SOURCE_BYTES).toString();
      return html`<pre class="source" tabindex="0">${sourceLines(source)}</pre>${draft.raw.length > SHOWN_SOURCE_BYTES && html`<p class="muted empty-part">The first 256 KiB are shown.</p>`}`;
    }
    default:
      return view satisfies never;
  }
}

/** The top header block with its names marked; the rest as it stands. */
function sourceLines(source: string): readonly Markup[] {
  const end = source.indexOf("\r\n\r\n");
  const head = end === -1 ? source : source.slice(0, end);
  const lines = head.split("\r\n").map((line) => {
    const name = /^[!-9;-~]+:/.exec(line)?.[0];
    return name === undefined ? html`${line}\n` : html`<b>${name}</b>${line.slice(name.length)}\n`;
  });
  return [...lines, html`${end === -1 ? "" : source.slice(end + 2).replaceAll("\r\n", "\n")}`];
}

function attachments({ attachments: files }: DraftMail): Markup | undefined {
  if (files.length === 0) return undefined;
  return html`<ul class="files" aria-label="Attachments">${files.map(
    ({ name, type, bytes }) =>
      html`<li title="${type}"><span class="file-name">${name}</span> <span class="muted">${size(bytes)}</span></li>`,
  )}</ul>`;
}

function idField(name: string, value: string | undefined): Markup | undefined {
  return value === undefined
    ? undefined
    : html`<span><span class="id-name">${name}</span> <code>${value}</code></span>`;
}

function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
