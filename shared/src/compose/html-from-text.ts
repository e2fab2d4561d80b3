const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/**
 * Plain text as HTML that reads the same: blank lines part paragraphs, line breaks and runs of spaces stay. Nothing in
 * the text becomes markup. Addresses are left as text; Gmail links them itself.
 */
export function htmlFromText(text: string): string {
  const paragraphs: string[][] = [];
  let inParagraph = false;
  // Line by line: a pattern that trims line breaks at the end takes the square of their number.
  for (const line of text.split(/\r\n?|\n/)) {
    if (line === "") inParagraph = false;
    else if (inParagraph) paragraphs.at(-1)?.push(htmlLine(line));
    else {
      paragraphs.push([htmlLine(line)]);
      inParagraph = true;
    }
  }
  if (paragraphs.length === 0) return "<p></p>";
  return paragraphs.map((lines) => `<p>${lines.join("<br>\r\n")}</p>`).join("\r\n");
}

function htmlLine(line: string): string {
  const escaped = line.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character).replaceAll("\t", "    ");
  // HTML shows a run of spaces as one.
  return escaped.replace(/^ | (?= )/g, "&nbsp;");
}
