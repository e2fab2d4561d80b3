import { encode as encodeBase64, wrap as wrapBase64 } from "nodemailer/lib/base64";
import { foldLines } from "nodemailer/lib/mime-funcs";
import MimeNode from "nodemailer/lib/mime-node";
import { encode as encodeQp, wrap as wrapQp } from "nodemailer/lib/qp";
import type { EmailAddress } from "../contract/email-address.ts";

/** A mail of a text and its HTML, in the form that nodemailer's MailComposer takes. Line ends are CRLF. */
export interface TextMail {
  readonly from: EmailAddress;
  readonly to: EmailAddress[];
  readonly cc: EmailAddress[];
  readonly bcc: EmailAddress[];
  readonly replyTo: EmailAddress[];
  readonly subject: string;
  readonly inReplyTo?: string;
  readonly references?: string[];
  readonly text: string;
  readonly html: string;
  readonly headers: { readonly "X-Draftmill-Id": string };
  readonly date: Date;
  readonly messageId: string;
  readonly baseBoundary: string;
}

/** nodemailer encodes a text in pieces of this size, and wraps each anew. */
const PIECE_BYTES = 64 * 1024;
/** nodemailer breaks header lines after so many characters if it can. */
const LINE = 76;

/** Asked how nodemailer writes a value. Given a boundary, as it would draw a random one. */
const NODE = new MimeNode("", { baseBoundary: "-" });

/**
 * The very bytes that nodemailer makes of the mail, by its own encoders, without its tree of nodes and its dozen streams: those were
 * most of what a mail costs, and took several turns of the event loop in which every other delivery went on (measured). Null for
 * what it would not be sure to make alike: long texts, and texts that end in a blank.
 */
export function mailAtOnce(mail: TextMail): Buffer | null {
  const text = partOf("text/plain", mail.text);
  const html = partOf("text/html", mail.html);
  if (text === null || html === null) return null;
  const boundary = `--_NmP-${mail.baseBoundary}-Part_1`;
  const header = [
    // As nodemailer spells it.
    field("X-Draftmill-ID", mail.headers["X-Draftmill-Id"]),
    field("From", [mail.from]),
    field("To", mail.to),
    field("Cc", mail.cc),
    field("Bcc", mail.bcc),
    field("Reply-To", mail.replyTo),
    field("In-Reply-To", mail.inReplyTo),
    field("References", mail.references),
    field("Subject", mail.subject),
    field("Message-ID", mail.messageId),
    field("Date", mail.date),
    "MIME-Version: 1.0\r\n",
    foldLines(`Content-Type: multipart/alternative; boundary="${boundary}"`, LINE),
  ].join("");
  const body = `--${boundary}\r\n${text}\r\n--${boundary}\r\n${html}\r\n--${boundary}--\r\n`;
  return Buffer.from(`${header}\r\n\r\n${body}`, "utf8");
}

/** A line of the header, or several; nothing for a field without a value. */
function field(name: string, value: string | string[] | EmailAddress[] | Date | undefined): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return "";
  return `${foldLines(`${name}: ${NODE.encodeHeaderValue(name, value)}`, LINE)}\r\n`;
}

function partOf(type: "text/plain" | "text/html", content: string): string | null {
  if (content === "" || /[ \t]$/.test(content) || Buffer.byteLength(content) >= PIECE_BYTES) return null;
  const typed = `${type}; charset=utf-8`;
  const encoding = new MimeNode(typed, { baseBoundary: "-" }).setContent(content).getTransferEncoding();
  const encoded = encodedAs(encoding, content);
  return encoded === null ? null : `Content-Type: ${typed}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${encoded}`;
}

function encodedAs(encoding: string | false, content: string): string | null {
  switch (encoding) {
    case "quoted-printable":
      return wrapQp(encodeQp(content), LINE);
    case "base64":
      return wrapBase64(encodeBase64(content), LINE);
    case "7bit":
      return content;
    default:
      return null;
  }
}
