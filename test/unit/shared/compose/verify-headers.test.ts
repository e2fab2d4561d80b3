import assert from "node:assert/strict";
import { test } from "node:test";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { verifyHeaders } from "@draftmill/shared/compose/verify-headers.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";

const parsed = parseDraftRequest(
  { to: "ada@example.com", cc: "c@example.com", subject: "Hi", message: "x", inReplyTo: "<a@b.example>" },
  "r@a.example",
);
assert.ok(parsed.ok);
const { request } = parsed;
const mime = (await composeMessage(request, { id: "d-1", nowMs: 0 })).toString("latin1");

const TAMPERED = {
  "a field that nobody asked for": mime.replace("Subject:", "Bcc: evil@example.com\r\nSubject:"),
  "a field that stands twice": mime.replace("Subject:", "To: evil@example.com\r\nSubject:"),
  "a field that is gone": mime.replace(/^Cc: .*\r\n/m, ""),
  "no mail that it answers": mime.replace(/^In-Reply-To: .*\r\n/m, ""),
  "references twice": mime.replace("References:", "References: <x@y.example>\r\nReferences:"),
  "a bare line feed before a field": mime.replace("Subject: Hi", "Subject: Hi\nX-Evil: 1"),
  "a line that is no field": mime.replace("Subject:", "nonsense\r\nSubject:"),
  "no end of the header": mime.slice(0, mime.indexOf("\r\n\r\n")).replace("Date:", "X-Date:"),
} as const;

for (const [what, tampered] of Object.entries(TAMPERED)) {
  test(`refuses a composed message with ${what}`, () => {
    assert.notEqual(tampered, mime);
    assert.throws(() => verifyHeaders(Buffer.from(tampered, "latin1"), request), { code: "DRAFT_REJECTED" });
  });
}

test("lets the message as composed pass", () => verifyHeaders(Buffer.from(mime, "latin1"), request));
