import type { CheckedRow } from "./row-check.ts";

/** A row as the very draft that it would be. */
export interface RowPreview {
  readonly row: number;
  readonly mailbox: string;
  readonly to: readonly string[];
  readonly subject: string;
  /** The whole message, as the worker would hand it to Gmail but for its date. */
  readonly raw: string;
}

/** Enough to see whether a template is right. */
export const PREVIEWS = 3;

/** Composes a row by the worker's own code. Throws what the worker would fail with. */
export async function previewRow(
  { row, id, request }: Extract<CheckedRow, { kind: "fits" }>,
  nowMs: number,
): Promise<RowPreview> {
  // Loaded when it is asked for: a start need not pay for it.
  const { composeMessage } = await import("@draftmill/shared/compose/compose-message.ts");
  const mime = await composeMessage(request, { id, nowMs });
  const { mailbox, to, subject } = request;
  return { row, mailbox, to: to.map(({ address }) => address), subject, raw: mime.toString("utf8") };
}
