import type { Batch } from "@draftmill/shared/batch/batch.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { csvLine } from "../csv-line.ts";
import { idOfRejectedRows, REJECTED_ROWS, type RejectedRow } from "./rejected-rows.ts";

/**
 * The rows of an import that were at fault as a CSV file, with their own columns, so that it can be corrected and handed in again, and two
 * more: the row in the file that was handed in, and what is wrong with it. The columns are those of the first of them.
 */
export async function* errorsCsv(ledger: DraftLedger, batch: Batch): AsyncGenerator<string> {
  const documents = ledger.documents(REJECTED_ROWS);
  let columns: readonly string[] | null = null;
  for (let part = 0; part < (batch.read?.parts ?? 0); part++) {
    const found = await documents.get(idOfRejectedRows({ batch: batch.id, part }));
    for (const row of found?.rows ?? []) {
      if (columns === null) {
        columns = Object.keys(row.values).filter((column) => column !== ROW && column !== ERROR);
        yield csvLine([...columns, ROW, ERROR]);
      }
      yield csvLine([...columns.map((column) => textOf(row.values[column])), String(row.row), wordsOf(row)]);
    }
  }
}

const ROW = "draftmill_row";
const ERROR = "draftmill_error";

function wordsOf({ errors }: RejectedRow): string {
  return errors.map(({ pointer, detail }) => (pointer === "" ? detail : `${pointer.slice(1)}: ${detail}`)).join("; ");
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
