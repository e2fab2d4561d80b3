import type { Batch } from "@draftmill/shared/batch/batch.ts";
import { secondsAtQuota } from "../batches/seconds-left.ts";
import type { ImportReport } from "./import-report.ts";
import type { RowPreview } from "./preview-row.ts";
import type { RowWarning } from "./recent-recipients.ts";

const COUNT = { type: "integer", minimum: 0 };

/** JSON schema of what an import did, or would do. */
export const IMPORT_REPORT_SCHEMA = {
  title: "ImportReport",
  type: "object",
  additionalProperties: false,
  required: [
    "id",
    "rows",
    "accepted",
    "rejected",
    "repeated",
    "roleAddresses",
    "recentlyDrafted",
    "warnings",
    "seconds",
    "mailboxes",
    "errors",
    "previews",
  ],
  properties: {
    id: { type: ["string", "null"], description: "The batch: GET /v1/batches/{id}. Null for a dry run." },
    rows: { ...COUNT, description: "Rows that the file has." },
    accepted: { ...COUNT, description: "Rows that are drafts to be." },
    rejected: { ...COUNT, description: "Rows at fault: GET /v1/batches/{id}/errors has them as a file." },
    repeated: { ...COUNT, description: "Rows that an earlier one has made already." },
    roleAddresses: {
      ...COUNT,
      description: "Accepted rows to an address such as info@, which nobody in person may read.",
    },
    recentlyDrafted: {
      type: ["integer", "null"],
      description: "Of a dry run: accepted rows to somebody who has been drafted to in the last `recentDays`.",
    },
    warnings: {
      type: "array",
      description: "Of a dry run: the first hundred of these.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["row", "column", "code", "detail"],
        properties: {
          row: { type: "integer", description: "From 1; a CSV's header line is none." },
          column: { type: "string" },
          code: { type: "string" },
          detail: { type: "string" },
        },
      },
    },
    seconds: { ...COUNT, description: "How long the accepted rows take at Gmail's quota, at least." },
    previews: {
      type: "array",
      description: "Of a dry run: the first three drafts, whole.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["row", "mailbox", "to", "subject", "raw"],
        properties: {
          row: { type: "integer" },
          mailbox: { type: "string" },
          to: { type: "array", items: { type: "string" } },
          subject: { type: "string" },
          raw: { type: "string", description: "The message as Gmail would get it (RFC 5322)." },
        },
      },
    },
    mailboxes: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["mailbox", "rows"],
        properties: { mailbox: { type: "string" }, rows: COUNT },
      },
    },
    errors: {
      type: "array",
      description: "The first hundred rows at fault.",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["row", "errors"],
        properties: {
          row: { type: "integer", description: "From 1; a CSV's header line is none." },
          errors: {
            type: "array",
            items: {
              type: "object",
              additionalProperties: false,
              required: ["pointer", "code", "detail"],
              properties: { pointer: { type: "string" }, code: { type: "string" }, detail: { type: "string" } },
            },
          },
        },
      },
    },
  },
};

/** What only a dry run has. */
export interface Looked {
  readonly previews: readonly RowPreview[];
  readonly warnings: readonly RowWarning[];
  readonly recentlyDrafted: number;
}

export function viewReport(
  batch: Batch | null,
  report: ImportReport,
  { unitsPerMinute, looked }: { readonly unitsPerMinute: number; readonly looked: Looked | null },
) {
  const { rows, accepted, rejected, repeated, roleAddresses, errors } = report;
  const mailboxes = [...report.mailboxes].map(([mailbox, count]) => ({ mailbox, rows: count }));
  const most = mailboxes.reduce((so, one) => Math.max(so, one.rows), 0);
  const seconds = secondsAtQuota(most, unitsPerMinute);
  return {
    id: batch?.id ?? null,
    rows,
    accepted,
    rejected,
    repeated,
    roleAddresses,
    recentlyDrafted: looked?.recentlyDrafted ?? null,
    warnings: looked?.warnings ?? [],
    seconds,
    mailboxes,
    errors,
    previews: looked?.previews ?? [],
  };
}
