import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { isRequestId } from "@draftmill/shared/contract/request-id.ts";
import { composeMessage } from "@draftmill/worker/compose/compose-message.ts";
import fc from "fast-check";
import { type AskedMail, askedMail, bodyOf, FIELDS, FINE, LIST_FIELDS, withField } from "./hostile-request.ts";
import { anyText, NAUGHTY } from "./hostile-text.ts";
import { readIsEmailSet } from "./is-email.ts";
import { assertAsAsked, assertNamesSuspects, isForbidden } from "./judge.ts";
import { runParameters } from "./run-parameters.ts";

const MAILBOX = "rep@corp.example";

/** Holds the request's mail against what it asks for, or its refusal against what it is suspected of. */
async function judge(asked: AskedMail): Promise<"composed" | "refused"> {
  const parsed = parseDraftRequest(bodyOf(asked), MAILBOX);
  if (!parsed.ok) {
    assertNamesSuspects(parsed.problems, asked.suspects);
    return "refused";
  }
  assert.ok(!isForbidden(asked), "a control or half a character was taken");
  const mime = await composeMessage(parsed.request, { id: "d-1", nowMs: 0 });
  await assertAsAsked(mime, asked, parsed.request.mailbox);
  return "composed";
}

test("20,000 hostile requests: a mail says what was asked for to both its readers, or the field at fault is named", async (t) => {
  const counts = { composed: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(askedMail, async (asked) => {
      counts[await judge(asked)] += 1;
    }),
    runParameters(t, 20_000),
  );
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.composed > 5_000 && counts.refused > 5_000, "only one of the two was tried");
});

test("each naughty string in each field", async (t) => {
  const counts = { composed: 0, refused: 0 };
  for (const text of NAUGHTY) {
    for (const field of FIELDS) {
      for (const asked of [
        withField(field, text),
        ...(LIST_FIELDS.includes(field as never)
          ? [withField(field, `"${text.replaceAll(/["\\]/g, "\\$&")}" <ada@example.com>`)]
          : []),
      ]) {
        counts[await judge(asked)] += 1;
      }
    }
  }
  t.diagnostic(`${NAUGHTY.length} strings: ${JSON.stringify(counts)}`);
  assert.ok(NAUGHTY.length > 400);
});

test("each address of the is_email set as each kind of recipient: none that it calls an error is taken", async (t) => {
  const counts: Record<string, number> = {};
  const samples = readIsEmailSet();
  for (const { text, category } of samples) {
    for (const field of LIST_FIELDS) {
      const verdict = await judge(withField(field, [text]));
      if (verdict === "composed") assert.notEqual(category, "ERR", text);
      counts[`${category} ${verdict}`] = (counts[`${category} ${verdict}`] ?? 0) + 1;
    }
  }
  t.diagnostic(`${samples.length} addresses: ${JSON.stringify(counts)}`);
  assert.equal(samples.length, 164);
});

test("no attribute of a message makes its reading fail, and none but an id becomes its id", (t) => {
  const attributes = fc.dictionary(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc.constantFrom("id", "dedupeKey", "caller", "batch", "traceparent", "generation", "accepted"),
      },
      anyText,
    ),
    anyText,
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(attributes, fc.oneof(fc.constant(JSON.stringify(bodyOf(FINE))), anyText), (given, data) => {
      const pushed = {
        messageId: "m-1",
        publishTime: "",
        data: Buffer.from(data),
        attributes: given,
        orderingKey: null,
        deliveryAttempt: 1,
        subscription: "s",
      };
      const decoded = decodeDraftMessage(pushed, MAILBOX);
      const id = decoded.ok ? decoded.message.id : decoded.id;
      assert.ok(isRequestId(id), id);
      if (id === given.id) assert.ok(isRequestId(given.id));
      if (decoded.ok) return;
      assert.match(decoded.error.code, /^(MESSAGE_MALFORMED|REQUEST_INVALID)$/);
      if (decoded.error.code === "REQUEST_INVALID" && data.startsWith("{"))
        assertNamesSuspects(decoded.error.fields, ["dedupeKey"]);
    }),
    runParameters(t, 3_000),
  );
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
