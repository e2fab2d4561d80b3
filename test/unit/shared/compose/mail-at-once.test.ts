import assert from "node:assert/strict";
import { test } from "node:test";
import { mailByNodemailer } from "@draftmill/shared/compose/compose-message.ts";
import { foldableName, foldableSubject } from "@draftmill/shared/compose/foldable-header.ts";
import { mailAtOnce, type TextMail } from "@draftmill/shared/compose/mail-at-once.ts";
import fc from "fast-check";

const withCrlf = (text: string): string => text.replace(/\r\n?|\n/g, "\r\n");
const pieces = fc.oneof(
  fc.constantFrom(
    "\n",
    "\n\n",
    " ",
    "  ",
    "\t",
    ".",
    "=",
    "--mark",
    "\r\n.\r\n",
    "<p>",
    "é",
    "日本",
    "👍🏽",
    "From ",
    "=?utf-8?Q?a?=",
    "x".repeat(80),
    "é".repeat(40),
    "\ud800",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.lorem(),
);
const text = fc.array(pieces, { maxLength: 60 }).map((parts) => withCrlf(parts.join("")) || "\r\n");
/** What the rules for headers let through has no control characters. */
const line = fc
  .array(pieces, { maxLength: 12 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  .map((parts) => parts.join("").replace(/[\x00-\x1f\x7f]/g, ""));
const subject = line.map((words) => foldableSubject(words.trim() === "" ? "-" : words));
const address = fc
  .tuple(
    line,
    fc.constantFrom("ada", "o'hara+x", "ünï"),
    fc.constantFrom("example.com", "müller.example", "EXAMPLE.com"),
  )
  .map(([name, user, domain]) => foldableName({ name: name.slice(0, 200), address: `${user}@${domain}` }));
const addresses = fc.array(address, { maxLength: 12 });
const messageId = fc
  .tuple(fc.constantFrom("", "0a", "bcd1"), fc.integer({ min: 1, max: 90 }))
  .map(([hex, n]) => `<${hex}${"m".repeat(n)}@x>`);
const mails: fc.Arbitrary<TextMail> = fc.record(
  {
    from: address,
    to: fc.array(address, { minLength: 1, maxLength: 12 }),
    cc: addresses,
    bcc: addresses,
    replyTo: addresses,
    subject,
    inReplyTo: messageId,
    references: fc.array(messageId, { minLength: 1, maxLength: 8 }),
    text,
    html: text,
    headers: fc.record({ "X-Draftmill-Id": fc.oneof(fc.uuid(), fc.constantFrom("d".repeat(128), "a-b_c:d.e")) }),
    date: fc.integer({ min: 0, max: 4_102_444_800_000 }).map((ms) => new Date(ms)),
    messageId: fc.constant("<0123456789abcdef0123456789abcdef@draftmill.invalid>"),
    baseBoundary: fc.constant("0123456789abcdef0123456789abcdef"),
  },
  {
    requiredKeys: [
      "from",
      "to",
      "cc",
      "bcc",
      "replyTo",
      "subject",
      "text",
      "html",
      "headers",
      "date",
      "messageId",
      "baseBoundary",
    ],
  },
);

test("makes the bytes that nodemailer makes, or leaves it to it", { timeout: 60_000 }, async (t) => {
  let atOnce = 0;
  await fc.assert(
    fc.asyncProperty(mails, async (mail) => {
      const made = mailAtOnce(structuredClone(mail));
      if (made === null) return;
      atOnce += 1;
      const byNodemailer = await mailByNodemailer(structuredClone(mail), []);
      assert.equal(made.toString("latin1"), byNodemailer.toString("latin1"));
    }),
    { numRuns: 1_500 },
  );
  t.diagnostic(`${atOnce} of 1,500 at once`);
  assert.ok(atOnce > 500, `${atOnce} of 1,500`);
});

test("leaves long texts and blanks at the end to nodemailer", () => {
  const [mail] = fc.sample(mails, { numRuns: 1, seed: 1 });
  assert.ok(mail !== undefined);
  const withText = (plain: string): Buffer | null => mailAtOnce({ ...mail, text: plain, html: "<p>text</p>" });
  assert.equal(withText("text "), null);
  assert.equal(withText("text\t"), null);
  assert.equal(withText("é".repeat(40_000)), null);
  assert.notEqual(withText("text"), null);
});
