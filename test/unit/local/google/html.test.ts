import assert from "node:assert/strict";
import { test } from "node:test";
import { html } from "@draftmill/local/google/mailbox-page/html.ts";

test("text is escaped for elements and quoted attributes, markup is not, and nothing leaves no trace", () => {
  const hostile = `"><script>alert('x')</script>&`;
  const item = html`<li title="${hostile}">${hostile}</li>`;
  const escaped = "&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;";
  assert.equal(item.toString(), `<li title="${escaped}">${escaped}</li>`);
  assert.equal(
    html`<ul>${[item, html`<li>${7}</li>`]}${undefined}${false}</ul>`.toString(),
    `<ul>${item}<li>7</li></ul>`,
  );
});
