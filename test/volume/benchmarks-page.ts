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

/** In their order on the page. */
export const RUNS = ["lifted", "quota"] as const;
export type RunName = (typeof RUNS)[number];

/** The page with these sections between its markers; a section that was not made anew stays, and so does what stands around them. */
export function withSections(page: string, sections: Readonly<Partial<Record<RunName, PageSection>>>): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no ${BEGIN} with ${END} after it`);
  const parts = RUNS.flatMap((name) => {
    const section = sections[name];
    return section === undefined ? keptOf(name, page.slice(begin, end)) : [`${markerOf(name)}\n\n${textOf(section)}`];
  });
  return `${page.slice(0, begin)}${BEGIN}\n\n${parts.join("\n\n")}\n\n${page.slice(end)}`;
}

function markerOf(name: RunName): string {
  return `<!-- volume:${name} -->`;
}

function keptOf(name: RunName, block: string): readonly string[] {
  const [, after] = block.split(markerOf(name), 2);
  return after === undefined ? [] : [`${markerOf(name)}${after.split("<!-- volume:", 1)[0]}`.trimEnd()];
}

function textOf({ heading, text, table, plots }: PageSection): string {
  const pictures = plots.map(({ file, alt }) => `![${alt}](${file})`);
  return [`### ${heading}`, text, alignedTable([table.head, ...table.rows]), ...pictures].join("\n\n");
}

/** As the formatter wants it. */
function alignedTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
