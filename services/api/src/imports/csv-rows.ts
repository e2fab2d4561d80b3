import { pipeline, Readable } from "node:stream";
import { DraftError } from "@draftmill/shared/errors.ts";
import { CsvError, parse } from "csv-parse";
import type { FileRow, FileRows } from "./file-row.ts";

/** Of two that are as frequent the one that stands less often in words. */
const DELIMITERS = ["\t", ";", ","] as const;
/** A row of more is a quote that nobody closed. */
const ROW_CHARACTERS_MAX = 3_000_000;
/** Each of them is gone through for each row. */
const COLUMNS_MAX = 1_000;
/** The first line that is not blank, with its end. */
const HEADER = /^\ufeff?\s*\S[^\r\n]*[\r\n]/;

/**
 * The rows of a CSV file (RFC 4180) with a header line. Its delimiter is whichever of comma, semicolon and tab its header has most of.
 * A row with too many or too few cells is a row at fault; a quote in the wrong place ends the reading: IMPORT_UNREADABLE, with the line.
 */
export async function* csvRows(text: AsyncIterable<string>): FileRows {
  const { start, rest } = await withHeader(text);
  const parser = parse({
    delimiter: delimiterOf(start),
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_CHARACTERS_MAX,
  });
  // What goes wrong before the parser ends the parser, and is met below.
  const records = pipeline(Readable.from(joined(start, rest)), parser, () => {});
  let columns: readonly string[] | null = null;
  let row = 0;
  let rows: FileRow[] = [];
  try {
    for await (const record of records) {
      const cells: readonly string[] = record;
      if (columns === null) {
        columns = headerOf(cells);
        continue;
      }
      row += 1;
      const isWhole = cells.length === columns.length;
      const values = isWhole ? Object.fromEntries(columns.map((column, n) => [column, cells[n] ?? ""])) : {};
      const fault = isWhole ? null : `it has ${cells.length} cells, and the header ${columns.length}`;
      rows.push({ row, values, fault });
      if (records.readableLength > 0) continue;
      yield rows;
      rows = [];
    }
    yield rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new DraftError("IMPORT_UNREADABLE", {
      reason: `the CSV cannot be read on from line ${lineOf(error)}: ${error.code}`,
    });
  }
}

/** csv-parse counts the lines that it has left behind. */
function lineOf(error: CsvError): number {
  return Number(error.lines ?? 0);
}

function headerOf(cells: readonly string[]): readonly string[] {
  const columns = cells.map((cell) => cell.trim());
  if (columns.length > COLUMNS_MAX)
    throw new DraftError("IMPORT_UNREADABLE", { reason: `the header has more than ${COLUMNS_MAX} columns` });
  const seen = new Set<string>();
  const twice = columns.find((column) => seen.size === seen.add(column).size);
  if (columns.includes("")) throw new DraftError("IMPORT_UNREADABLE", { reason: "a column of the header has no name" });
  if (twice !== undefined)
    throw new DraftError("IMPORT_UNREADABLE", { reason: `two columns are called ${JSON.stringify(twice)}` });
  return columns;
}

function delimiterOf(start: string): string {
  const [header = ""] = HEADER.exec(start) ?? [];
  const count = (delimiter: string): number => header.split(delimiter).length;
  return DELIMITERS.toSorted((a, b) => count(b) - count(a))[0] ?? ",";
}

async function withHeader(text: AsyncIterable<string>): Promise<{ start: string; rest: AsyncIterator<string> }> {
  const rest = text[Symbol.asyncIterator]();
  let start = "";
  while (!HEADER.test(start)) {
    if (start.length > ROW_CHARACTERS_MAX)
      throw new DraftError("IMPORT_UNREADABLE", { reason: "the header line has no end" });
    const { value, done } = await rest.next();
    if (done === true) break;
    start += value;
  }
  return { start, rest };
}

async function* joined(start: string, rest: AsyncIterator<string>): AsyncGenerator<string> {
  if (start !== "") yield start;
  for (let next = await rest.next(); next.done !== true; next = await rest.next())
    if (next.value !== "") yield next.value;
}
