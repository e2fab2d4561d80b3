import { hash } from "node:crypto";
import { contentOf, type DraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { idFromDedupeKey } from "@draftmill/shared/contract/request-id.ts";
import { DraftError, type FieldProblem } from "@draftmill/shared/errors.ts";
import { type ItemRules, readRequest } from "../batches/read-items.ts";
import { type FileRow, ROWS_MAX } from "./file-row.ts";
import type { ImportOrder } from "./import-order.ts";
import { requestOfRow } from "./row-request.ts";
import { compileTemplate } from "./row-template.ts";

/** A row that can be queued, one that is at fault, or one that an earlier row has made already. */
export type CheckedRow =
  | {
      readonly kind: "fits";
      readonly row: number;
      readonly id: string;
      readonly body: object;
      /** The body as text, where the file has it so. */
      readonly json: string | undefined;
      readonly request: DraftRequest;
    }
  | {
      readonly kind: "fault";
      readonly row: number;
      readonly values: FileRow["values"];
      readonly problems: readonly FieldProblem[];
    }
  | { readonly kind: "repeats"; readonly row: number; readonly first: number };

export interface CheckOptions {
  readonly order: ImportOrder;
  readonly rules: ItemRules;
  /** Columns, of which some may be nobody's; not fields. */
  readonly isTable: boolean;
}

/**
 * Reads the rows of one file, in their order, as draft requests. A row's id follows from its key, or else from the import's name, its mailbox
 * and its content: the same row handed in again is the same draft, wherever it stands in the file. What this returns throws
 * IMPORT_UNREADABLE beyond `ROWS_MAX` rows.
 */
export function rowCheck({ order, rules, isTable }: CheckOptions): (file: FileRow) => CheckedRow {
  const template = compileTemplate(order.template);
  const seen = new Map<string, number>();
  return (file) => {
    const { row, values } = file;
    if (row > ROWS_MAX)
      throw new DraftError("IMPORT_UNREADABLE", { reason: `the file has more than ${ROWS_MAX} rows; split it` });
    const reading = requestOfRow(file, order, template, isTable);
    if ("problems" in reading) return { kind: "fault", row, values, problems: reading.problems };
    const { body, json } = reading;
    const checked = readRequest(body, rules);
    if (!checked.ok) return { kind: "fault", row, values, problems: checked.problems };
    const { request } = checked;
    const id = idOfRow(order.name, request);
    const first = seen.get(id);
    if (first !== undefined) return { kind: "repeats", row, first };
    seen.set(id, row);
    return { kind: "fits", row, id, body, json, request };
  };
}

function idOfRow(name: string | null, request: DraftRequest): string {
  const { mailbox, dedupeKey } = request;
  if (dedupeKey !== null) return idFromDedupeKey(mailbox, dedupeKey);
  return `f-${hash("sha256", JSON.stringify([name]) + contentOf(request), "base64url")}`;
}
