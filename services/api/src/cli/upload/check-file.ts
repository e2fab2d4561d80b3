import type { Clock } from "@draftmill/shared/clock.ts";
import type { MailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import { EVERYBODY } from "../../callers/access.ts";
import { csvRows } from "../../imports/csv-rows.ts";
import { FILE_BYTES_MAX } from "../../imports/file-row.ts";
import { parseImportOrder } from "../../imports/import-order.ts";
import { ImportReport, type RowError } from "../../imports/import-report.ts";
import { ndjsonRows } from "../../imports/ndjson-rows.ts";
import { rowCheck } from "../../imports/row-check.ts";
import { utf8Text } from "../../imports/utf8-text.ts";
import type { ImportOrderBody } from "./import-options.ts";
import type { SourceFile } from "./source-file.ts";

/** Which mailboxes there are is the service's to say. */
class EveryAddress extends Set<string> {
  override has(): boolean {
    return true;
  }
}
const ANY: MailboxPolicy = { addresses: new EveryAddress(), domains: new Set() };
const SOME_MAILBOX = "default@mailbox.invalid";

export type FileReport = Pick<ImportReport, "rows" | "accepted" | "rejected" | "repeated" | "roleAddresses"> & {
  readonly errors: readonly RowError[];
};

/** Checks a file by the service's own rules, here: all faults of all rows. Throws what the service would refuse the file with. */
export async function checkFile(file: SourceFile, given: ImportOrderBody, clock: Clock): Promise<FileReport> {
  const order = parseImportOrder(given);
  const isTable = file.format === "csv";
  const text = utf8Text(file.read(), FILE_BYTES_MAX);
  const rules = { mailboxes: ANY, defaultMailbox: SOME_MAILBOX, access: EVERYBODY, clock };
  const report = new ImportReport();
  const errors: RowError[] = [];
  const check = rowCheck({ order, rules, isTable });
  for await (const some of isTable ? csvRows(text) : ndjsonRows(text)) {
    for (const file of some) {
      const row = check(file);
      report.count(row);
      if (row.kind === "fault") errors.push({ row: row.row, errors: row.problems });
    }
  }
  const { rows, accepted, rejected, repeated, roleAddresses } = report;
  return { rows, accepted, rejected, repeated, roleAddresses, errors };
}
