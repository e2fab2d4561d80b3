import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { csvLine } from "../csv-line.ts";
import { type DraftView, viewDraft } from "../draft-view.ts";

export const RESULT_FORMATS = ["csv", "ndjson"] as const;
export type ResultFormat = (typeof RESULT_FORMATS)[number];

export const RESULT_TYPES: Readonly<Record<ResultFormat, string>> = {
  csv: "text/csv; charset=utf-8",
  ndjson: "application/x-ndjson",
};

/** The columns of a batch's results as CSV, in their order, and what is in them. New ones are added at the end. */
const COLUMNS: Readonly<Record<string, (view: DraftView) => string | null>> = {
  id: ({ id }) => id,
  status: ({ status }) => status,
  mailbox: ({ mailbox }) => mailbox,
  to: ({ to }) => to.join(", "),
  subject: ({ subject }) => subject,
  draftId: ({ draftId }) => draftId,
  messageId: ({ messageId }) => messageId,
  threadId: ({ threadId }) => threadId,
  code: ({ problem }) => problem?.code ?? null,
  detail: ({ problem }) => problem?.detail ?? null,
  remedy: ({ problem }) => problem?.remedy ?? null,
  note: ({ note }) => note,
  attempts: ({ attempts }) => String(attempts),
  dedupeKey: ({ dedupeKey }) => dedupeKey,
  metadata: ({ metadata }) => (Object.keys(metadata).length === 0 ? null : JSON.stringify(metadata)),
  createdAt: ({ createdAt }) => createdAt,
  updatedAt: ({ updatedAt }) => updatedAt,
  notBefore: ({ notBefore }) => notBefore,
};
export const RESULT_COLUMNS = Object.keys(COLUMNS);

/** By this a spreadsheet knows that the file is UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";

/** The text of a file, a piece for each page of records. */
export async function* resultText(
  pages: AsyncIterable<readonly DraftRecord[]>,
  format: ResultFormat,
): AsyncGenerator<string> {
  if (format === "csv") yield BYTE_ORDER_MARK + csvLine(RESULT_COLUMNS);
  for await (const page of pages) yield page.map((record) => LINES[format](viewDraft(record))).join("");
}

const LINES: Readonly<Record<ResultFormat, (view: DraftView) => string>> = {
  csv: (view) => csvLine(Object.values(COLUMNS).map((cell) => cell(view) ?? "")),
  ndjson: (view) => `${JSON.stringify(view)}\n`,
};

/** What an Accept header (RFC 9110) prefers of the two; CSV when it is all the same to it. */
export function formatAccepted(accept = "*/*"): ResultFormat {
  return weightOf("application/x-ndjson", accept) > weightOf("text/csv", accept) ? "ndjson" : "csv";
}

/** By the most specific range that fits. */
function weightOf(type: string, accept: string): number {
  const ranges = new Map(
    accept.split(",").map((range) => {
      const [name = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith("q="))?.slice("q=".length);
      return [name, weight === undefined ? 1 : Number(weight)];
    }),
  );
  return ranges.get(type) ?? ranges.get(`${type.split("/", 1)[0]}/*`) ?? ranges.get("*/*") ?? 0;
}
