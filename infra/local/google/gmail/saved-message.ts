import { randomBytes } from "node:crypto";
import { headerValue, parseHeaders, splitMessage } from "./mime-part.ts";

export interface SavedMessage {
  readonly raw: Buffer;
  /** With its angle brackets. */
  readonly rfc822MessageId: string;
}

/**
 * What Gmail makes of a message that it saves as a draft. Observed on live mailboxes: it assigns its own Message-ID,
 * puts a Received line on top, and leaves every other header alone, `X-` ones and Bcc included. A Date, From or
 * MIME-Version that is missing is added; bare line feeds become CRLF.
 */
export function savedMessage(sent: Buffer, mailbox: string, projectNumber: string, nowMs: number): SavedMessage {
  const { head, body } = splitMessage(withCrlf(sent));
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
    withoutMessageId(head),
    Buffer.from("\r\n"),
    body,
  ]);
  return { raw, rfc822MessageId };
}

function withCrlf(message: Buffer): Buffer {
  // latin1 keeps every byte as it is.
  const text = message.toString("latin1");
  return /(^|[^\r])\n/.test(text) ? Buffer.from(text.replace(/\r?\n/g, "\r\n"), "latin1") : message;
}

function withoutMessageId(head: Buffer): Buffer {
  const text = head.toString("latin1").replace(/^Message-ID[ \t]*:.*\r\n(?:[ \t].*\r\n)*/gim, "");
  return Buffer.from(text === "" || text.endsWith("\r\n") ? text : `${text}\r\n`, "latin1");
}
