import { createWriteStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

const ROWS_A_PIECE = 1_000;

/** Writes a CSV file of so many prospects, evenly over so many mailboxes, and a template for them; returns the options that import it. */
export async function writeProspects(folder: string, rows: number, mailboxes: number): Promise<readonly string[]> {
  const path = join(folder, "prospects.csv");
  const template = join(folder, "offer.txt");
  await writeFile(
    template,
    'Subject: Your {{ plan }} plan, {{ first_name }}\n\nDear {{ first_name | default: "customer" }},\n\nthank you for {{ years }} years.\n',
  );
  await pipeline(Readable.from(lines(rows, mailboxes)), createWriteStream(path));
  return [path, "--template", template, "--map", "to=Email", "--map", "mailbox=Rep"];
}

/** The mailboxes of such a file. */
export function mailboxesOf(mailboxes: number): readonly string[] {
  return Array.from({ length: mailboxes }, (_, n) => `rep${n}@example.com`);
}

function* lines(rows: number, mailboxes: number): Generator<string> {
  const reps = mailboxesOf(mailboxes);
  yield "Email,First Name,Plan,Years,Rep\n";
  for (let from = 0; from < rows; from += ROWS_A_PIECE) {
    const piece = Array.from({ length: Math.min(ROWS_A_PIECE, rows - from) }, (_, n) => {
      const row = from + n;
      return `prospect${row}@example.test,Name ${row},Gold,${row % 9},${reps[row % mailboxes]}\n`;
    });
    yield piece.join("");
  }
}
