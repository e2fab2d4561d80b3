import { html, type Markup } from "./html.ts";

/** What a newcomer sees: no drafts, and the one command that makes the first. */
export function emptyDrafts(tryCommand: string): Markup {
  return html`<div class="welcome">
${SHEET}
<h1>No drafts yet</h1>
<p>Run this in a terminal, and watch the first one arrive here.</p>
<div class="command"><pre tabindex="0"><code id="try">${tryCommand}</code></pre><button type="button" class="copy" data-copy="try" hidden>Copy</button></div>
</div>`;
}

const SHEET = html`<svg class="sheet" viewBox="0 0 96 96" width="96" height="96" aria-hidden="true"><rect x="22" y="12" width="52" height="72" rx="5" class="sheet-paper"/><path d="M32 30h32M32 42h32M32 54h20" class="sheet-line"/><path d="M58 76l3-11 20-20a4 4 0 0 1 6 0l2 2a4 4 0 0 1 0 6L69 73z" class="sheet-pen"/></svg>`;
