import type { RowPreview } from "../../imports/preview-row.ts";
import { plainLines, plainText } from "../plain-text.ts";

const LINES_SHOWN = 12;

/** A draft that would be made, as a person reads it. */
export function previewText({ row, mailbox, to, subject, raw }: RowPreview): string {
  const lines = textOf(raw).trimEnd().split("\n");
  const more = lines.length - LINES_SHOWN;
  const shown = [...lines.slice(0, LINES_SHOWN), ...(more > 0 ? [`… ${more} more lines`] : [])];
  return [
    `Row ${row}, in ${plainText(mailbox)}`,
    `  To:      ${plainText(to.join(", "))}`,
    `  Subject: ${plainText(subject)}`,
    "",
    ...shown.map((line) => `  ${plainLines(line)}`.trimEnd()),
    "",
    "",
  ].join("\n");
}

/** The text/plain part of a message of ours: the first part, of one of the three encodings that the composer writes. */
export function textOf(raw: string): string {
  const start = raw.search(/^content-type: text\/plain/im);
  if (start < 0) return "";
  const [head = "", ...rest] = raw.slice(start).split("\r\n\r\n");
  const boundary = /^--[^\r\n]+$/m.exec(raw.slice(0, start).split("\r\n").toReversed().join("\n"))?.[0];
  const body = rest.join("\r\n\r\n");
  const end = boundary === undefined ? -1 : body.indexOf(`\r\n${boundary}`);
  return decoded(end < 0 ? body : body.slice(0, end), /^content-transfer-encoding: *(\S+)/im.exec(head)?.[1] ?? "7bit");
}

function decoded(body: string, encoding: string): string {
  switch (encoding.toLowerCase()) {
    case "base64":
      return withLf(Buffer.from(body, "base64").toString("utf8"));
    case "quoted-printable": {
      const bytes = body
        .replaceAll("=\r\n", "")
        .replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
      return withLf(Buffer.from(bytes, "latin1").toString("utf8"));
    }
    default:
      return withLf(body);
  }
}

function withLf(text: string): string {
  return text.replaceAll("\r\n", "\n");
}
