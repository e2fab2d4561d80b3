import { DraftError } from "@draftmill/shared/errors.ts";
import type { FileRows } from "./file-row.ts";
import { ImportReport } from "./import-report.ts";
import { PREVIEWS, previewRow, type RowPreview } from "./preview-row.ts";
import type { RecentRecipients, RowWarning } from "./recent-recipients.ts";
import { type CheckedRow, type CheckOptions, rowCheck } from "./row-check.ts";

export interface DryRun {
  readonly report: ImportReport;
  readonly previews: readonly RowPreview[];
  readonly warnings: readonly RowWarning[];
}

/** What an import of the file would do, with its first drafts. Nothing is written and nothing queued. */
export async function dryRun(
  files: FileRows,
  options: CheckOptions,
  recent: RecentRecipients,
  nowMs: number,
): Promise<DryRun> {
  const report = new ImportReport();
  const previews: RowPreview[] = [];
  const check = rowCheck(options);
  for await (const some of files) {
    for (const file of some) {
      const row = check(file);
      const shown = row.kind === "fits" && previews.length < PREVIEWS ? await preview(row, nowMs) : row;
      if ("raw" in shown) previews.push(shown);
      const counted = "raw" in shown ? row : shown;
      report.count(counted);
      if (counted.kind === "fits")
        await recent.add(
          counted.row,
          counted.request.to.map(({ address }) => address),
        );
    }
  }
  return { report, previews, warnings: await recent.warnings() };
}

/** A row that cannot be composed is one at fault: the worker would refuse it. */
async function preview(row: Extract<CheckedRow, { kind: "fits" }>, nowMs: number): Promise<RowPreview | CheckedRow> {
  try {
    return await previewRow(row, nowMs);
  } catch (error) {
    if (!(error instanceof DraftError)) throw error;
    const problems = [{ pointer: "", code: error.code, detail: error.reason }];
    return { kind: "fault", row: row.row, values: {}, problems };
  }
}
