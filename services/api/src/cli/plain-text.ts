/** C0, DEL and C1 controls; marks that turn the direction of text; what breaks a line: a terminal would obey them. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/gu;

/**
 * A value from a service or a file as a terminal may be shown it, on one line: whatever would move the cursor, ring, colour or turn the
 * direction of the text stands there as an escape that does nothing.
 */
export function plainText(value: string): string {
  return value.replace(UNSAFE, (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`);
}

/** The same for a text of several lines: its line ends and tabs stay. */
export function plainLines(value: string): string {
  return value
    .split(/\r\n|\n/)
    .map((line) => line.split("\t").map(plainText).join("\t"))
    .join("\n");
}

/** A line of JSON for a program, which a terminal may be shown as well: the same value, with those characters escaped. */
export function jsonLine(value: unknown): string {
  // Within JSON they stand in texts alone, where this is how JSON itself writes them.
  return `${plainText(JSON.stringify(value))}\n`;
}
