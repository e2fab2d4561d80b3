const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/**
 * Plain text as HTML that reads the same: blank lines part paragraphs, line breaks and runs of spaces stay. Nothing in
 * the text becomes markup. Addresses are left as text; Gmail links them itself.
 */
export function htmlFromText(text: string): string {
  const paragraphs = text
    .split(/\r\n?|\n/)
    .join("\n")
    .replace(/^\n+|\n+$/g, "")
    .split(/\n{2,}/);
  return paragraphs.map((paragraph) => `<p>${paragraph.split("\n").map(htmlLine).join("<br>\r\n")}</p>`).join("\r\n");
}

function htmlLine(line: string): string {
  const escaped = line.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character).replaceAll("\t", "    ");
  // HTML shows a run of spaces as one.
  return escaped.replace(/^ | (?= )/g, "&nbsp;");
}
