/**
 * What a spreadsheet would take for a formula (https://owasp.org/www-community/attacks/CSV_Injection), in full-width characters too. A
 * number with its sign is none.
 */
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;
const NUMBER = /^[+-]?\d+(?:[.,]\d+)?$/;

/** A line of RFC 4180. A cell that a spreadsheet would take for a formula gets an apostrophe in front of it. */
export function csvLine(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(FORMULA.test(cell) && !NUMBER.test(cell) ? `'${cell}` : cell)).join(",")}\r\n`;
}

function quoted(cell: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
