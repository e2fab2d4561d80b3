import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { htmlFromText } from "@draftmill/shared/compose/html-from-text.ts";
import { textFromHtml } from "@draftmill/shared/compose/text-from-html.ts";
import fc from "fast-check";

const PAGES: ReadonlyArray<readonly [what: string, html: string, text: string]> = [
  ["paragraphs and breaks", "<p>one<br>two</p><p>three</p>", "one\ntwo\n\nthree"],
  ["white space as one space", "a \n\t b<b> c</b>", "a b c"],
  [
    "what is not shown",
    "<head><title>t</title></head><style>p{}</style>a<script>if (1<2) b()</script>c<!-- d -->",
    "ac",
  ],
  [
    "lists and tables",
    "<ul><li>a</li><li>b</li></ul><table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>",
    "- a\n- b\n1 2\n3",
  ],
  [
    "links with their address",
    '<a href="https://example.com/?a=1&amp;b=2">here</a>',
    "here (https://example.com/?a=1&b=2)",
  ],
  ["no address twice", '<a href="mailto:ada@example.com">ada@example.com</a>', "ada@example.com"],
  ["no address that is code", '<a href="javascript:alert(1)">x</a>', "x"],
  [
    "character references",
    "caf&eacute; &#8212; &#x1F389; &lt;b&gt; &unknown; 5&nbsp;&euro;",
    "café — 🎉 <b> &unknown; 5 €",
  ],
  ["a < that starts no tag", "1 < 2 and 3 <4", "1 < 2 and 3 <4"],
  ["a > inside an attribute", '<img alt="a > b">c', "c"],
  ["a tag that never ends", "a<a href='x", "a"],
];

for (const [what, html, text] of PAGES) {
  test(`text of HTML: ${what}`, () => assert.equal(textFromHtml(html), text));
}

test("text of HTML made from text is that text", () => {
  const words = fc.constantFrom("a", "é", "<b>", "&amp;", '"', "'", "漢", "1 < 2", "</p>", "<!--");
  const paragraphs = fc.array(
    fc.array(words, { minLength: 1 }).map((line) => line.join(" ")),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(paragraphs, (list) => {
      const text = list.join("\n\n");
      assert.equal(textFromHtml(htmlFromText(text)), text);
    }),
  );
});

test("no HTML makes it slow or makes it throw", () => {
  const awkward = ["<", "<a href='", "<script>", "<!--", "&#", "<a href", "<p>", '<a b="', "</"];
  for (const piece of awkward) {
    const startedMs = performance.now();
    textFromHtml(piece.repeat(200_000));
    // Quadratic work on a megabyte takes minutes.
    assert.ok(performance.now() - startedMs < 5_000, `${piece} is slow`);
  }
});

// What grows with the square of its length takes minutes here, and blocks every other request of the worker as long. In
// a process of its own, as nothing else can end a loop.
test("two megabytes of anything are read in one pass", async () => {
  const pages = fileURLToPath(new URL("long-pages.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [pages], { timeout: 30_000 });
  assert.equal(stdout, "read\n");
});
