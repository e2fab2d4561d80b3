import type { Summary } from "../measure/statistics.ts";

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A Markdown table. */
export function renderTable({ head, rows }: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
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
