import type { Summary } from "../measure/statistics.ts";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const DASHES_MIN = 3;

/** A Markdown table, its columns padded as the repository's formatter has them. */
export function renderTable({ head, rows }: Table): string {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, column) => Math.max(DASHES_MIN, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width)).join(" | ")} |`;
  const [top = [], ...rest] = lines;
  return [line(top), line(widths.map((width) => "-".repeat(width))), ...rest.map(line)].join("\n");
}

/** The median, with the least and the most of the rounds. */
export function spread(summary: Summary, unit = ""): string {
  const { median, least, most, rounds } = summary;
  const after = unit === "" ? "" : ` ${unit}`;
  if (rounds === 1) return `${figure(median)}${after}`;
  return `${figure(median)}${after} (${figure(least)}–${figure(most)})`;
}

/** Three digits that count. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "none";
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3;
  const [whole = "", decimals] = value.toFixed(digits).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? grouped : `${grouped}.${decimals}`;
}
