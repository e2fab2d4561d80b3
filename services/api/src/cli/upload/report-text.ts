import { plainText } from "../plain-text.ts";
import { duration } from "../progress/pace.ts";
import type { ImportOrderBody } from "./import-options.ts";
import { columnOf } from "./problem-column.ts";
import type { ImportReportView } from "./send-file.ts";

type RowError = ImportReportView["errors"][number];
type Sums = Pick<ImportReportView, "rows" | "accepted" | "rejected" | "repeated" | "roleAddresses">;

/** What is wrong with a row, a line for each fault of it: row, column, reason. */
export function rowErrorLines({ row, errors }: RowError, order: ImportOrderBody): readonly string[] {
  return errors.map((problem) => {
    const column = columnOf(problem, order);
    return `row ${row}${column === null ? "" : `, column ${plainText(column)}`}: ${plainText(problem.detail)}`;
  });
}

/** The same for a program. */
export function rowErrorsWithColumns({ row, errors }: RowError, order: ImportOrderBody) {
  return errors.map((problem) => ({ row, column: columnOf(problem, order), ...problem }));
}

export function sumsText({ rows, accepted, rejected, repeated, roleAddresses }: Sums): string {
  const parts = [
    `${count(rows, "row")}: ${accepted.toLocaleString("en")} fit`,
    ...(rejected === 0 ? [] : [`${rejected.toLocaleString("en")} at fault`]),
    ...(repeated === 0 ? [] : [`${repeated.toLocaleString("en")} repeat an earlier row`]),
    ...(roleAddresses === 0
      ? []
      : [`${roleAddresses.toLocaleString("en")} to an address that nobody in person may read`]),
  ];
  return parts.join(", ");
}

/** Where the drafts go, and how long that takes at least. */
export function planText({ accepted, mailboxes, seconds }: ImportReportView): string {
  const [only] = mailboxes;
  const where =
    mailboxes.length === 1 && only !== undefined ? plainText(only.mailbox) : count(mailboxes.length, "mailbox", "es");
  return `${count(accepted, "draft")} in ${where}, at Gmail's quota ${duration(seconds)} at least`;
}

function count(number: number, one: string, ending = "s"): string {
  return `${number.toLocaleString("en")} ${one}${number === 1 ? "" : ending}`;
}
