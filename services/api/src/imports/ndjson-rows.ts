import { repeatedKey } from "@draftmill/shared/contract/repeated-key.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { FileRow, FileRows } from "./file-row.ts";

/** As long as a message of Pub/Sub can be. */
const LINE_CHARACTERS_MAX = 10_000_000;
/** A request has three. */
const DEPTH_MAX = 32;

/** The rows of a file with one JSON object in each line. Blank lines are none. A line that is no object is a row at fault. */
export async function* ndjsonRows(text: AsyncIterable<string>): FileRows {
  let row = 0;
  for await (const some of lines(text)) {
    const rows: FileRow[] = [];
    for (const line of some) {
      if (line.trim() === "") continue;
      row += 1;
      rows.push(readLine(row, line));
    }
    yield rows;
  }
}

function readLine(row: number, line: string): FileRow {
  if (isDeep(line)) return { row, values: {}, fault: `it has more than ${DEPTH_MAX} objects and arrays in each other` };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { row, values: {}, fault: "it is not JSON" };
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { row, values: {}, fault: "it is not a JSON object" };
  const repeated = repeatedKey(line);
  if (repeated !== null) return { row, values: {}, fault: repeated.detail };
  return { row, values: value as FileRow["values"], fault: null, json: line };
}

/** What is nested deeper than any request ends whoever goes through it. */
function isDeep(line: string): boolean {
  if (!hasMany(line, "{", DEPTH_MAX / 2) && !hasMany(line, "[", DEPTH_MAX / 2)) return false;
  let depth = 0;
  let isText = false;
  for (let n = 0; n < line.length; n++) {
    const character = line[n];
    if (isText) {
      if (character === "\\") n += 1;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > DEPTH_MAX) return true;
    } else if (character === "}" || character === "]") depth -= 1;
  }
  return false;
}

/** Whether it has so many of a character, wherever they are. */
function hasMany(line: string, character: string, many: number): boolean {
  let at = -1;
  for (let found = 0; found < many; found++) {
    at = line.indexOf(character, at + 1);
    if (at === -1) return false;
  }
  return true;
}

/** Those that each piece of the text ends. */
async function* lines(text: AsyncIterable<string>): AsyncGenerator<readonly string[]> {
  let rest = "";
  for await (const piece of text) {
    const parts = (rest + piece).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > LINE_CHARACTERS_MAX) throw new DraftError("IMPORT_UNREADABLE", { reason: "a line has no end" });
    yield parts;
  }
  yield [rest.replace(/^\ufeff/, "")];
}
