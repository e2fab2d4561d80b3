import type { BatchRequest } from "../batches/publish-batch.ts";
import type { RejectedRow } from "./rejected-rows.ts";
import type { CheckedRow } from "./row-check.ts";

/** After so many rows what has been done is on record: from there a file that was cut off goes on. */
const ROWS_MAX = 1_000;
/** Or after so much, whatever its rows are: as much of a file is in memory at a time, and no more. */
const BYTES_MAX = 4_000_000;

export interface AcceptedRow extends BatchRequest {
  readonly notBeforeMs: number | null;
}

/**
 * Rows that are queued and counted together. Each is its message's text from the moment it is added: what it was read and checked as
 * would live long enough to be collected late, and that is most of what an import needs in memory.
 */
export class ImportChunk {
  readonly accepted: AcceptedRow[] = [];
  readonly rejected: RejectedRow[] = [];
  /** The number of the last row in it; 0 of none. */
  lastRow = 0;
  #rows = 0;
  #bytes = 0;

  get isFull(): boolean {
    return this.#rows >= ROWS_MAX || this.#bytes >= BYTES_MAX;
  }

  add(row: CheckedRow): void {
    this.#rows += 1;
    this.lastRow = row.row;
    switch (row.kind) {
      case "fits": {
        const { mailbox, notBeforeMs } = row.request;
        const json = jsonOf(row);
        this.accepted.push({ id: row.id, mailbox, json, notBeforeMs });
        this.#bytes += json.length;
        return;
      }
      case "fault":
        this.rejected.push({ row: row.row, values: row.values, errors: row.problems });
        for (const value of Object.values(row.values)) this.#bytes += typeof value === "string" ? value.length : 100;
        return;
      case "repeats":
        return;
      default:
        row satisfies never;
    }
  }
}

/** The request with its mailbox, which is not in every row: by the file's own text where it says the same. */
function jsonOf({ body, json, request: { mailbox } }: Extract<CheckedRow, { kind: "fits" }>): string {
  return json !== undefined && "mailbox" in body && body.mailbox === mailbox
    ? json
    : JSON.stringify({ ...body, mailbox });
}
