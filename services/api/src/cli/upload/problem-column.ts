import type { FieldProblem } from "@draftmill/shared/errors.ts";
import type { ImportOrderBody } from "./import-options.ts";

/** The column of the file that a problem is about; null when it is about the row as a whole. */
export function columnOf(
  { pointer, detail }: Pick<FieldProblem, "pointer" | "detail">,
  order: ImportOrderBody,
): string | null {
  const [, first = "", second = ""] = pointer.split("/");
  if (first === "") return null;
  if (first !== "template") return order.map?.[first] ?? first;
  const unknown = /undefined variable: ([^\s,]+)/.exec(detail)?.[1];
  return unknown ?? fieldAt(order.template?.[second as "subject" | "message" | "html"] ?? "", detail);
}

/** Liquid tells where in the template it stopped; there stands the column. */
function fieldAt(template: string, detail: string): string | null {
  const [, line = "", column = ""] = /line:(\d+), col:(\d+)/.exec(detail) ?? [];
  const rest = (template.split("\n")[Number(line) - 1] ?? "").slice(Math.max(0, Number(column) - 1));
  return /^[{%\s-]*([\p{L}\p{N}_.]+)/u.exec(rest)?.[1] ?? null;
}
