import { RECORD_TTL_MS } from "@draftmill/shared/contract/draft-record.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import type { DocumentKind } from "@draftmill/shared/ledger/documents.ts";

export interface RejectedRow {
  readonly row: number;
  readonly values: Readonly<Record<string, unknown>>;
  readonly errors: readonly FieldProblem[];
}

/** Rows of an import that are at fault, kept so that they can be corrected and handed in again: a part of them, as a document has a limit. */
export interface RejectedRows {
  readonly batch: string;
  readonly part: number;
  readonly rows: readonly RejectedRow[];
  readonly createdAtMs: number;
}

/** A document may have a megabyte. */
export const PART_CHARACTERS_MAX = 250_000;

export function idOfRejectedRows({ batch, part }: Pick<RejectedRows, "batch" | "part">): string {
  return `${batch}.${part}`;
}

export const REJECTED_ROWS: DocumentKind<RejectedRows> = {
  name: "rejected-rows",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as RejectedRows,
  idOf: idOfRejectedRows,
  expireAtMsOf: ({ createdAtMs }) => createdAtMs + RECORD_TTL_MS,
};

/** The rows in parts that each fit a document; one that fits none alone keeps its number and its errors. */
export function inParts(rows: readonly RejectedRow[]): readonly (readonly RejectedRow[])[] {
  const parts: RejectedRow[][] = [];
  let left = 0;
  for (const row of rows) {
    const size = JSON.stringify(row).length;
    const kept = size > PART_CHARACTERS_MAX ? { ...row, values: {} } : row;
    if (parts.length === 0 || size > left) {
      parts.push([]);
      left = PART_CHARACTERS_MAX;
    }
    parts.at(-1)?.push(kept);
    left -= size;
  }
  return parts;
}
