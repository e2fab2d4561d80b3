import { htmlFromText } from "@draftmill/shared/compose/html-from-text.ts";
import { textFromHtml } from "@draftmill/shared/compose/text-from-html.ts";

const PAGES = [
  "<p>é a</p>".repeat(200_000),
  '<a href="https://example.com/a">x y</a> '.repeat(50_000),
  "<a href='".repeat(200_000),
  "<!--".repeat(500_000),
  "<script>".repeat(250_000),
  "&".repeat(2_000_000),
];
for (const html of PAGES) textFromHtml(html);

const TEXTS = [`x${"\n".repeat(1_000_000)}x`, `x${" ".repeat(1_000_000)}x`, "x\n\n".repeat(300_000)];
for (const text of TEXTS) htmlFromText(text);

console.log("read");
