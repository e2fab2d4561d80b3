import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { attachmentPart } from "@draftmill/shared/compose/attachment-part.ts";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { verifyParts } from "@draftmill/shared/compose/verify-parts.ts";
import { type DraftRequest, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";

const FILES = [
  { filename: "a.pdf", contentType: "application/pdf", content: Buffer.alloc(100, "a").toString("base64") },
  { filename: "é.txt", contentType: "text/plain", content: Buffer.alloc(57, "b").toString("base64") },
];

function requestOf(attachments: readonly object[]): DraftRequest {
  const parsed = parseDraftRequest({ to: "a@example.com", subject: "s", message: "m", attachments }, "r@corp.example");
  assert.ok(parsed.ok);
  return parsed.request;
}

async function composed(
  attachments: typeof FILES,
): Promise<{ readonly mime: string; readonly parts: readonly Buffer[] }> {
  const mime = await composeMessage(requestOf(attachments), { id: "d-1", nowMs: 0 });
  return { mime: mime.toString("latin1"), parts: attachments.map(attachmentPart) };
}

const refuses = (mime: string, parts: readonly Buffer[]): void =>
  assert.throws(() => verifyParts(Buffer.from(mime, "latin1"), parts), { code: "DRAFT_REJECTED" });

for (const files of [[], FILES.slice(0, 1), FILES]) {
  test(`lets a message with ${files.length} files pass as composed, and for no other files`, async () => {
    const { mime, parts } = await composed(files);
    verifyParts(Buffer.from(mime, "latin1"), parts);
    for (const others of [[...parts, ...parts.slice(0, 1)], parts.slice(1), parts.toReversed()]) {
      if (!others.every((part, at) => part.equals(parts[at] ?? Buffer.alloc(0))) || others.length !== parts.length) {
        refuses(mime, others);
      }
    }
    if (files.length === 0) refuses(mime, FILES.map(attachmentPart));
  });
}

describe("refuses a message", () => {
  const TAMPERED: Readonly<Record<string, (mime: string) => string>> = {
    "with a part more": (mime) => mime.replace(/(\r\n--\S+Part_1\r\n)/, "$1Content-Type: text/html\r\n\r\nevil$1"),
    "with a part less": (mime) => mime.replace(/\r\n--\S+Part_1\r\nContent-Type: text\/plain[^-]*/, ""),
    "with another byte in a file": (mime) => mime.replace("YWFh", "YWFi"),
    "with a line more in a file": (mime) => mime.replace("YWFh", "YWFh\r\nYWFh"),
    "with another name": (mime) => mime.replace("a.pdf", "a.exe"),
    "with a header more in a file": (mime) =>
      mime.replace("Content-Disposition:", "Content-ID: <x>\r\nContent-Disposition:"),
    "with a third text": (mime) =>
      mime.replace(/(\r\n--\S+Part_2)\r\n/, "$1\r\nContent-Type: text/plain\r\n\r\nx$1\r\n"),
    "without its HTML": (mime) =>
      mime.replace(/(\r\n--\S+Part_2)\r\nContent-Type: text\/html[\s\S]*?(?=\r\n--\S+Part_2--)/, ""),
    "with a header more in its HTML": (mime) =>
      mime.replace("text/html; charset=utf-8", "text/html; charset=utf-8\r\nX-Evil: 1"),
    "with its texts in another order": (mime) =>
      mime
        .replace("text/plain; charset", "text/x; charset")
        .replace("text/html", "text/plain")
        .replace("text/x", "text/html"),
    "with text before the first part": (mime) => mime.replace("\r\n\r\n--", "\r\n\r\nevil\r\n--"),
    "with text behind the last part": (mime) => `${mime}evil`,
    "that does not end": (mime) => mime.slice(0, mime.lastIndexOf("--")),
    "that ends within a file": (mime) => mime.slice(0, mime.indexOf("YWFh") + 10),
    "of one part": (mime) => mime.replace("multipart/mixed", "text/plain"),
    "of another kind of parts": (mime) => mime.replace("multipart/mixed", "multipart/digest"),
    "without a header": (mime) => mime.replaceAll("\r\n\r\n", "\r\n"),
  };

  for (const [what, tamper] of Object.entries(TAMPERED)) {
    test(what, async () => {
      const { mime, parts } = await composed(FILES);
      const tampered = tamper(mime);
      assert.notEqual(tampered, mime);
      refuses(tampered, parts);
    });
  }
});
