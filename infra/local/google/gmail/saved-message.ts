import { randomBytes } from "node:crypto";
import { addressParser } from "postal-mime";
import { headerValue, parseHeaders, splitMessage, unfoldHeaders } from "./mime-part.ts";

const FROM = /^From[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim;
const MARKER = /^X-Draftmill-Id[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim;
const MESSAGE_ID = /^Message-ID[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim;

export interface SavedMessage {
  readonly raw: Buffer;
  /** With its angle brackets. */
  readonly rfc822MessageId: string;
}

/**
 * What Gmail makes of a message that it saves as a draft. Observed on live mailboxes: it assigns its own Message-ID,
 * puts a Received line on top, and leaves every other header alone, `X-` ones and Bcc included. A Date, From or
 * MIME-Version that is missing is added; bare line feeds become CRLF. Reported: a From that is none of the user's addresses
 * is replaced by the user's own, without a word.
 * @param isSender whether an address, in lower case, is one of the user's
 */
export function savedMessage(
  sent: Buffer,
  { mailbox, isSender }: { readonly mailbox: string; readonly isSender: (address: string) => boolean },
  projectNumber: string,
  nowMs: number,
): SavedMessage {
  const { head: sentHead, body } = splitMessage(withCrlf(sent));
  const head = hasForeignSender(sentHead, isSender) ? withoutField(sentHead, FROM) : sentHead;
  const headers = parseHeaders(head);
  const rfc822MessageId = `<CA${randomBytes(33).toString("base64url")}@mail.gmail.com>`;
  const now = new Date(nowMs).toUTCString().replace("GMT", "+0000");
  const lines = [
    `Received: from ${projectNumber} named unknown by gmailapi.google.com with HTTPREST; ${now}`,
    ...(headerValue(headers, "mime-version") === undefined ? ["MIME-Version: 1.0"] : []),
    ...(headerValue(headers, "from") === undefined ? [`From: ${mailbox}`] : []),
    ...(headerValue(headers, "date") === undefined ? [`Date: ${now}`] : []),
    `Message-ID: ${rfc822MessageId}`,
  ];
  const raw = Buffer.concat([
    Buffer.from(`${lines.join("\r\n")}\r\n`),
    withoutField(head, MESSAGE_ID),
    Buffer.from("\r\n"),
    body,
  ]);
  return { raw, rfc822MessageId };
}

/** The message without the header by which its draft is found again. */
export function withoutMarker(sent: Buffer): Buffer {
  return withoutField(sent, MARKER);
}

function withCrlf(message: Buffer): Buffer {
  // latin1 keeps every byte as it is.
  const text = message.toString("latin1");
  return /(^|[^\r])\n/.test(text) ? Buffer.from(text.replace(/\r?\n/g, "\r\n"), "latin1") : message;
}

function hasForeignSender(head: Buffer, isSender: (address: string) => boolean): boolean {
  const from = headerValue(unfoldHeaders(head), "from");
  if (from === undefined) return false;
  return !addressParser(from, { flatten: true }).every(({ address = "" }) => isSender(address.toLowerCase()));
}

function withoutField(head: Buffer, field: RegExp): Buffer {
  const text = head.toString("latin1").replace(field, "");
  return Buffer.from(text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`, "latin1");
}
