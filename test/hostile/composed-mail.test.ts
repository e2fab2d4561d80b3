import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { composeMessage } from "@draftmill/worker/compose/compose-message.ts";
import fc from "fast-check";
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
