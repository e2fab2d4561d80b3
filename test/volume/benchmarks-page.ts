export const BEGIN = "<!-- volume:begin -->";
export const END = "<!-- volume:end -->";

/** A part of the page: a heading, a few lines, a table, pictures. */
export interface PageSection {
  readonly heading: string;
  readonly text: string;
  readonly table: { readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] };
  /** File names beside the page, with what they show. */
  readonly plots: readonly { readonly file: string; readonly alt: string }[];
}

/** The page with these sections between its markers; what stands around them stays. An empty page gets them. */
export function withSections(page: string, sections: readonly PageSection[]): string {
  const inner = sections.map(({ heading, text, table, plots }) =>
    [
      `### ${heading}`,
      text,
      alignedTable([table.head, ...table.rows]),
      ...plots.map(({ file, alt }) => `![${alt}](${file})`),
    ].join("\n\n"),
  );
  const block = `${BEGIN}\n\n${inner.join("\n\n")}\n\n${END}`;
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin >= 0 && end > begin) return page.slice(0, begin) + block + page.slice(end + END.length);
  const before = page === "" ? "# Benchmarks" : page.trimEnd();
  return `${before}\n\n## Volume\n\n${block}\n`;
}

/** As the formatter wants it. */
function alignedTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
