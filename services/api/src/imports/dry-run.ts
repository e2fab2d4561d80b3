import { DraftError } from "@draftmill/shared/errors.ts";
import { type CheckedRow, type CheckOptions, checkRows } from "./check-rows.ts";
import type { FileRow } from "./file-row.ts";
import { ImportReport } from "./import-report.ts";
import { PREVIEWS, previewRow, type RowPreview } from "./preview-row.ts";

/** What an import of the file would do, with its first drafts. Nothing is written and nothing queued. */
export async function dryRun(
  rows: AsyncIterable<FileRow>,
  options: CheckOptions,
  nowMs: number,
): Promise<{ readonly report: ImportReport; readonly previews: readonly RowPreview[] }> {
  const report = new ImportReport();
  const previews: RowPreview[] = [];
  for await (const row of checkRows(rows, options)) {
    const shown = row.kind === "fits" && previews.length < PREVIEWS ? await preview(row, nowMs) : row;
    if ("raw" in shown) previews.push(shown);
    report.count("raw" in shown ? row : shown);
  }
  return { report, previews };
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
