import { type Fragment, html, type Markup } from "./html.ts";

/** What stands in the three columns of a page. On a narrow screen only the innermost that is filled is seen. */
export interface PageContent {
  readonly title: string;
  readonly depth: "mailboxes" | "drafts" | "draft";
  readonly mailboxes: Markup;
  readonly drafts: Markup;
  readonly draft: Markup;
}

/** The whole document. Styles and script come from files of their own: the policy allows no inline ones. */
export function page({ title, depth, mailboxes, drafts, draft }: PageContent): Markup {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/mailbox-page.css">
<script src="/mailbox-page.js" type="module"></script>
</head>
<body data-depth="${depth}">
<a class="skip" href="#draft">Skip to the draft</a>
<header class="bar">
<a class="brand" href="/">${LOGO}<span>Draftmill</span></a>
<span class="badge">Sandbox Gmail</span>
<p class="promise">Drafts only. Nothing on this page was, or can be, sent.</p>
<span class="live" data-live="off" role="status"><span class="dot" aria-hidden="true"></span><span class="live-text">Connecting</span></span>
</header>
<div class="columns">
<nav class="mailboxes" id="mailboxes" aria-label="Mailboxes">${mailboxes}</nav>
<section class="drafts" id="drafts" aria-label="Drafts">${drafts}</section>
<main class="draft" id="draft" tabindex="-1">${draft}</main>
</div>
</body>
</html>`;
}

/** A sheet between two rollers. */
const LOGO = html`<svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true"><path d="M7 9V3.5A1.5 1.5 0 0 1 8.5 2h7A1.5 1.5 0 0 1 17 3.5V9M7 15v5.5A1.5 1.5 0 0 0 8.5 22h7a1.5 1.5 0 0 0 1.5-1.5V15" fill="none" stroke="currentColor" stroke-width="1.7"/><rect x="2" y="9" width="20" height="6" rx="3" fill="currentColor"/></svg>`;

export function mailboxPath(mailbox: string): string {
  return `/mailboxes/${encodeURIComponent(mailbox)}`;
}

export function draftPath(mailbox: string, id: string): string {
  return `${mailboxPath(mailbox)}/drafts/${encodeURIComponent(id)}`;
}

/** A moment, to the minute, in the words of whoever runs the sandbox. */
export function moment(timeMs: number, nowMs: number): Markup {
  const time = new Date(timeMs);
  const today = new Date(nowMs).toDateString() === time.toDateString();
  const shown = today ? CLOCK_TIME.format(time) : DAY.format(time);
  return html`<time datetime="${time.toISOString()}" title="${time.toString()}">${shown}</time>`;
}

const CLOCK_TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** A hint where a column has nothing to show. */
export function hint(title: string, text: Fragment): Markup {
  return html`<div class="hint"><p class="hint-title">${title}</p><p>${text}</p></div>`;
}
