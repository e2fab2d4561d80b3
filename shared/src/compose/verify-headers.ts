import type { DraftRequest } from "../contract/draft-request.ts";
import { DraftError } from "../errors.ts";

/** RFC 5322 2.1.1. */
const LINE_MAX = 998;
const ALWAYS = ["from", "to", "subject", "x-draftmill-id", "message-id", "date", "mime-version", "content-type"];

/**
 * The last look before a message leaves: its header holds each field that the request calls for once, and no other. An
 * injected field shows as a stranger or a double, and a recipient list that the composer dropped as a gap. No line is blank
 * or longer than a mail server takes.
 */
export function verifyHeaders(mime: Buffer, request: DraftRequest): void {
  const { cc, bcc, replyTo, inReplyTo, references } = request;
  const expected = new Set(ALWAYS);
  if (cc.length > 0) expected.add("cc");
  if (bcc.length > 0) expected.add("bcc");
  if (replyTo.length > 0) expected.add("reply-to");
  if (inReplyTo !== null) expected.add("in-reply-to");
  if (references.length > 0) expected.add("references");
  const header = mime.subarray(0, mime.indexOf("\r\n\r\n")).toString("latin1");
  for (const line of header.split(/\r\n|\r|\n/)) {
    if (line.length > LINE_MAX || line.trim() === "")
      throw refused("The composed header has a line that no header may have");
    // A folded line goes on with the field before it.
    if (/^[ \t]/.test(line)) continue;
    const name = /^([!-9;-~]+):/.exec(line)?.[1]?.toLowerCase() ?? "";
    if (!expected.delete(name)) throw refused("The composed header is not the one that the request calls for");
  }
  if (expected.size > 0) throw refused("The composed header lacks what the request calls for");
}

function refused(reason: string): DraftError {
  return new DraftError("DRAFT_REJECTED", { reason });
}
