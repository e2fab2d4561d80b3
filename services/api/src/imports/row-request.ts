import type { FieldProblem } from "@draftmill/shared/errors.ts";
import type { FileRow } from "./file-row.ts";
import { type ImportOrder, MAPPED_FIELDS } from "./import-order.ts";
import type { RowTemplate } from "./row-template.ts";

/** A row as the body of a draft request, not yet checked; or why it cannot be one. */
export type RowReading =
  | {
      readonly body: object;
      /** The body as text, where the file has it so. */
      readonly json?: string | undefined;
    }
  | { readonly problems: readonly FieldProblem[] };

/**
 * Fills the fields of a request from a row: defaults, then columns, then templates. A row of JSON that has neither map nor template is a
 * request as it stands, unknown fields and all, so that they are refused; of a table the columns that nothing asks for are left out.
 */
export function requestOfRow(
  { values, fault, json }: FileRow,
  order: ImportOrder,
  template: RowTemplate,
  isTable: boolean,
): RowReading {
  if (fault !== null) return { problems: [{ pointer: "", code: "row", detail: fault }] };
  if (!isTable && isEmpty(order.map) && isEmpty(order.template))
    return isEmpty(order.defaults) ? { body: values, json } : { body: { ...order.defaults, ...values } };
  const rendered = template.render(values);
  if ("problems" in rendered) return rendered;
  const problems: FieldProblem[] = [];
  const fields: Record<string, unknown> = {};
  for (const field of MAPPED_FIELDS) {
    const column = order.map[field] ?? field;
    const value = values[column];
    if (value === undefined && order.map[field] !== undefined) {
      problems.push({ pointer: `/${field}`, code: "column", detail: `there is no column ${JSON.stringify(column)}` });
    }
    // An empty cell is none: the default stands.
    if (value !== undefined && value !== "") fields[field] = value;
  }
  return problems.length > 0 ? { problems } : { body: { ...order.defaults, ...fields, ...rendered.texts } };
}

function isEmpty(fields: object): boolean {
  for (const _ in fields) return false;
  return true;
}
