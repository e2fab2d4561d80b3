import { plainText } from "./plain-text.ts";

const GAP = 2;
const WIDTH_MIN = 6;

/**
 * Rows under a head, as wide as they need and no wider than the output: the widest columns give way first. Values are made harmless here.
 * A null width, for an output that is no terminal, cuts nothing.
 */
export function table(head: readonly string[], rows: readonly (readonly string[])[], width: number | null): string {
  const lines = [head, ...rows].map((cells) => cells.map(plainText));
  const widths = head.map((_, column) => Math.max(...lines.map((cells) => lengthOf(cells[column] ?? ""))));
  if (width !== null) narrow(widths, width - GAP * (widths.length - 1));
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => fit(cell, widths[column] ?? 0))
        .join(" ".repeat(GAP))
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** Cut to so many columns, with a sign that it was. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  if (characters.length <= width) return text;
  return width < 1 ? "" : `${characters.slice(0, width - 1).join("")}…`;
}

function fit(cell: string, width: number): string {
  const text = cut(cell, width);
  return text + " ".repeat(Math.max(0, width - lengthOf(text)));
}

function narrow(widths: number[], room: number): void {
  for (let over = sum(widths) - room; over > 0; over--) {
    const widest = widths.indexOf(Math.max(...widths));
    const width = widths[widest] ?? 0;
    if (width <= WIDTH_MIN) return;
    widths[widest] = width - 1;
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function lengthOf(text: string): number {
  return [...text].length;
}
