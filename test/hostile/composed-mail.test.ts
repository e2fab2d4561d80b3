import assert from "node:assert/strict";
import { test } from "node:test";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import fc from "fast-check";
import { FINE_FILE, hostileFiles } from "./hostile-file.ts";
import { askedMail, bodyOf, FINE } from "./hostile-request.ts";
import { assertAsAsked } from "./judge.ts";
import { judgeInProcess, MAILBOX } from "./judge-in-process.ts";
import { runParameters } from "./run-parameters.ts";

test("20,000 hostile requests: a mail says what was asked for to both its readers, or the field at fault is named", async (t) => {
  const counts = { composed: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(askedMail, async (asked) => {
      counts[await judgeInProcess(asked)] += 1;
    }),
    runParameters(t, 20_000),
  );
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.composed > 5_000 && counts.refused > 5_000, "only one of the two was tried");
});

test("10,000 times hostile files: both readers find these and no others, or the entry at fault is named", async (t) => {
  const counts = { composed: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(hostileFiles, async (files) => {
      counts[await judgeInProcess({ ...FINE, files, suspects: ["attachments"] })] += 1;
    }),
    runParameters(t, 10_000),
  );
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.composed > 2_000 && counts.refused > 2_000, "only one of the two was tried");
});

test("the judge sees a file, a name of one, a byte of one, a sender or a thread that was not asked for", async () => {
  const people = [{ name: "Ada", address: "sales@corp.example" }];
  const files = [FINE_FILE, { filename: "b.txt", contentType: "text/plain", content: "YWJj" }];
  const answers = { texts: { ...FINE.texts, inReplyTo: "<b@example.com>" }, references: ["<a@example.com>"] };
  const asked = { ...FINE, ...answers, files, from: { written: "Ada <sales@corp.example>", people } };
  const parsed = parseDraftRequest(bodyOf(asked), MAILBOX);
  assert.ok(parsed.ok);
  const sound = (await composeMessage(parsed.request, { id: "d-1", nowMs: 0 })).toString("latin1");
  await assertAsAsked(Buffer.from(sound), asked, MAILBOX);
  const second = sound.indexOf("Content-Type: text/plain\r\n");
  const boundary = sound.slice(sound.lastIndexOf("\r\n--", second), second);
  const forged: Readonly<Record<string, string>> = {
    "another name": sound.replace("offer.pdf", "offer.exe"),
    "a second name": sound.replace(' filename="offer.pdf"', " filename*=UTF-8''evil.exe;\r\n filename=\"offer.pdf\""),
    "another type": sound.replace("application/pdf", "text/html"),
    "another byte": sound.replace("SGVsbG8h", "SGVsbG8/"),
    "a byte more": sound.replace("YWJj", "YWJjZA=="),
    "no file": sound.replace("Content-Disposition: attachment;", "Content-Disposition: inline;"),
    "a file twice": sound.replace(boundary, `${boundary}${sound.slice(second, sound.indexOf("YWJj") + 4)}${boundary}`),
    "a text more": sound.replace(boundary, `${boundary}Content-Type: text/plain\r\n\r\nmore${boundary}`),
    "files in another order": sound
      .replaceAll("offer.pdf", "?")
      .replaceAll("b.txt", "offer.pdf")
      .replaceAll("?", "b.txt"),
    "another sender": sound.replace("sales@corp.example", "boss@corp.example"),
    "another mail answered": sound.replace("In-Reply-To: <b@", "In-Reply-To: <c@"),
    "no mail answered": sound.replace(/In-Reply-To: .*\r\n/, ""),
    "a reference less": sound.replace("<a@example.com> ", ""),
  };
  for (const [what, raw] of Object.entries(forged)) {
    assert.notEqual(raw, sound, what);
    await assert.rejects(assertAsAsked(Buffer.from(raw), asked, MAILBOX), assert.AssertionError, what);
  }
});

test("the judge sees a header, a recipient, a line or a word that was not asked for", async () => {
  const parsed = parseDraftRequest(bodyOf(FINE), MAILBOX);
  assert.ok(parsed.ok);
  const sound = (await composeMessage(parsed.request, { id: "d-1", nowMs: 0 })).toString("latin1");
  await assertAsAsked(Buffer.from(sound), FINE, MAILBOX);
  const forged: Readonly<Record<string, string>> = {
    header: sound.replace("Subject:", "X-Evil: 1\r\nSubject:"),
    bcc: sound.replace("Subject:", "Bcc: evil@example.test\r\nSubject:"),
    recipient: sound.replace("ada@example.com", "ada@example.com, evil@example.test"),
    name: sound.replace("ada@example.com", "Eve <ada@example.com>"),
    subject: sound.replace("Hello", "Hullo"),
    text: sound.replace("Text.", "Text"),
    html: sound.replace("<p>Text.", "<p><b>Text.</b>"),
    sender: sound.replace(MAILBOX, "evil@corp.example"),
    "bare LF": sound.replace("Text.\r\n", "Text.\n"),
    "long line": sound.replace("Hello", "H".repeat(999)),
    "blank line": sound.replace("Hello", "Hello\r\n "),
    "cut-off end": sound.slice(0, -20),
  };
  for (const [what, raw] of Object.entries(forged)) {
    assert.notEqual(raw, sound);
    await assert.rejects(assertAsAsked(Buffer.from(raw), FINE, MAILBOX), assert.AssertionError, what);
  }
});
