import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { ATTACHMENTS_BYTES_MAX } from "@draftmill/shared/contract/attachment.ts";
import { type DraftRequest, fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import fc from "fast-check";
import PostalMime, { type Email } from "postal-mime";

const OPTIONS = { id: "d-7JkQ2xv0", nowMs: Date.UTC(2026, 10, 22, 9, 30) };
const MAILBOX = "rep@corp.example";

function requestOf(body: Record<string, unknown>): DraftRequest {
  const parsed = parseDraftRequest(body, MAILBOX);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.request;
}

async function compose(body: Record<string, unknown>): Promise<{ raw: string; mail: Email }> {
  const mime = await composeMessage(requestOf(body), OPTIONS);
  return { raw: mime.toString("latin1"), mail: await PostalMime.parse(mime) };
}

/** Line ends as a body has them after transport. */
const lines = (text: string | undefined): string => (text ?? "").replaceAll("\r\n", "\n").trimEnd();

function base64Of(text: string): string {
  return Buffer.from(text).toString("base64");
}

const GOLDEN = {
  plain: { to: "ada@example.com", subject: "Hello", message: "One line.\n\nAnother paragraph." },
  accents: {
    to: "Zoë Faßbender <zoe@example.com>",
    subject: "Ceci est un brouillon généré automatiquement, à relire avant l’envoi : épreuve n° 12 de la série d’été",
    message: "Bonjour Zoë,\n\nvoilà la suite :\n  – en retrait\n\nÀ bientôt",
  },
  emoji: { to: "ada@example.com", subject: "🎉🎉 Party 👩‍👩‍👧‍👦 time ".repeat(8), message: "👍🏽 日本語のテキスト" },
  recipients: {
    to: ['"Lovelace, Ada \\"Countess\\"" <ada@example.com>', "grace@example.test", "Jürgen <j@bücher.example>"],
    cc: "cc@example.com",
    bcc: ["Hidden Person <hidden@example.com>"],
    replyTo: "desk@corp.example",
    subject: "All fields",
    message: "x",
  },
  html: {
    to: "ada@example.com",
    subject: "HTML only",
    html: '<h1>Prix&nbsp;: 5&nbsp;€</h1><p>Voir <a href="https://example.com/a?b=1&amp;c=2">ici</a>.</p><ul><li>un</li><li>deux</li></ul>',
  },
  both: { to: "ada@example.com", subject: "Both", message: "the text", html: "<p>the <b>html</b></p>" },
  attachments: {
    to: "ada@example.com",
    subject: "Files",
    message: "See below.",
    attachments: [
      { filename: "Offer 2026 (final).pdf", contentType: "application/pdf", content: base64Of("%PDF-1.7\n%%EOF\n") },
      {
        filename: 'Größe; "Maße".csv',
        contentType: "Text/CSV; charset=UTF-8",
        content: base64Of("a;b\r\n".repeat(20)),
      },
      { filename: `${"長い名前 ".repeat(6)}.txt`, contentType: "text/plain", content: base64Of("\n--\n") },
    ],
  },
  reply: {
    to: "ada@example.com",
    from: '"Sales, Corp" <sales@corp.example>',
    subject: "Re: Hello",
    message: "Yes.",
    threadId: "19a8f0c2d4e6b801",
    inReplyTo: "<CAF+3x@mail.gmail.com>",
    references: ["<first.mail@mail.example.com>", `<${"second".repeat(14)}@example.com>`],
  },
} as const;

for (const [name, body] of Object.entries(GOLDEN)) {
  test(`composes the golden message "${name}" byte for byte`, async (t) => {
    const { raw } = await compose(body);
    t.assert.fileSnapshot(raw, new URL(`../../../fixtures/mime/${name}.eml`, import.meta.url).pathname, {
      serializers: [(value) => value],
    });
  });
}

test("keeps accents, emoji and long subjects through encoding and folding", async () => {
  for (const body of [GOLDEN.accents, GOLDEN.emoji]) {
    const { raw, mail } = await compose(body);
    assert.equal(mail.subject, body.subject);
    assert.equal(lines(mail.text), body.message);
    for (const line of raw.split("\r\n")) assert.ok(line.length <= 998, "a line is longer than RFC 5322 allows");
  }
});

test("keeps every recipient with its name, bcc included", async () => {
  const { mail } = await compose(GOLDEN.recipients);
  assert.deepEqual(mail.from, { name: "", address: MAILBOX });
  assert.deepEqual(mail.to, [
    { name: 'Lovelace, Ada "Countess"', address: "ada@example.com" },
    { name: "", address: "grace@example.test" },
    { name: "Jürgen", address: "j@xn--bcher-kva.example" },
  ]);
  assert.deepEqual(mail.cc, [{ name: "", address: "cc@example.com" }]);
  assert.deepEqual(mail.bcc, [{ name: "Hidden Person", address: "hidden@example.com" }]);
  assert.deepEqual(mail.replyTo, [{ name: "", address: "desk@corp.example" }]);
});

test("carries the request's id and date, and nothing of this machine", async () => {
  const { mail, raw } = await compose(GOLDEN.plain);
  assert.equal(mail.headers.find(({ key }) => key === "x-draftmill-id")?.value, OPTIONS.id);
  assert.equal(mail.date, new Date(OPTIONS.nowMs).toISOString());
  assert.match(raw, /^Message-ID: <[0-9a-f]{32}@draftmill\.invalid>$/m);
});

test("gives the same bytes for the same request and other boundaries for another", async () => {
  const boundaryOf = (raw: string): string | undefined => /boundary="([^"]+)"/.exec(raw)?.[1];
  const first = await compose(GOLDEN.plain);
  const again = await compose(GOLDEN.plain);
  const other = await compose({ ...GOLDEN.plain, message: "Another text." });
  assert.equal(first.raw, again.raw);
  assert.notEqual(boundaryOf(first.raw), boundaryOf(other.raw));
});

test("has a text and an HTML part whichever of the two was given", async () => {
  const fromText = (await compose({ to: "a@example.com", subject: "s", message: "a < b & c\n\n  indented" })).mail;
  assert.equal(lines(fromText.html), "<p>a &lt; b &amp; c</p>\n<p>&nbsp; indented</p>");
  const fromHtml = (await compose(GOLDEN.html)).mail;
  assert.equal(lines(fromHtml.text), "Prix : 5 €\n\nVoir ici (https://example.com/a?b=1&c=2).\n\n- un\n- deux");
});

test("ends every line with CRLF, whatever the request's line ends were", async () => {
  const { raw } = await compose({ to: "a@example.com", subject: "s", message: "a\nb\r\nc\rd", html: "<p>\n</p>" });
  assert.doesNotMatch(raw, /[^\r]\n|\r[^\n]/);
});

test("no header line is blank or too long, and a subject keeps every space", async () => {
  const spaces = " ".repeat(300);
  for (const subject of [
    "w".repeat(1_000),
    `a${spaces}Bcc: x@example.test`,
    ` led in${spaces}`,
    `${"s".repeat(67)} `,
  ]) {
    const name = `Ada${" ".repeat(150)}Lovelace`;
    const { raw, mail } = await compose({ to: `"${name}" <ada@example.com>`, subject, message: "x" });
    const header = raw.slice(0, raw.indexOf("\r\n\r\n")).split("\r\n");
    for (const line of header) assert.ok(line.length <= 998 && line.trim() !== "", JSON.stringify(line));
    assert.match(raw, /^Subject:\r?\n? =\?UTF-8\?Q\?/m);
    assert.equal(mail.subject, subject);
    assert.deepEqual(mail.to, [{ name: "Ada Lovelace", address: "ada@example.com" }]);
  }
});

test("takes a file path or a URL in the body for the text that it is", async () => {
  const { mail } = await compose({
    to: "a@example.com",
    subject: "s",
    message: "file:///etc/passwd",
    html: "http://a",
  });
  assert.equal(lines(mail.text), "file:///etc/passwd");
});

test("HTML without a word in it, such as one picture, makes a draft with both parts", async () => {
  for (const html of ['<img src="https://example.com/a.png" alt="">', "<br>", "<p></p>", " "]) {
    const { mail } = await compose({ to: "a@example.com", subject: "s", html });
    assert.equal(lines(mail.html), html.trim());
    assert.equal(lines(mail.text), "");
  }
});

test("text that a mail program would show as other text never gets as far", () => {
  const disguised = "=?utf-8?B?4oCuZXZpbA==?=";
  for (const body of [
    { to: "a@example.com", subject: `Re: ${disguised}`, message: "x" },
    { to: `"${disguised}" <a@example.com>`, subject: "s", message: "x" },
  ]) {
    const parsed = parseDraftRequest(body, MAILBOX);
    assert.ok(!parsed.ok);
    assert.match(parsed.problems[0]?.detail ?? "", /encoded word/);
  }
});

test("carries each file under its name and its type, byte for byte", async () => {
  const { mail, raw } = await compose(GOLDEN.attachments);
  assert.deepEqual(
    mail.attachments.map(({ filename, mimeType, disposition, content }) => [
      filename,
      mimeType,
      disposition,
      Buffer.from(content as ArrayBuffer).toString("base64"),
    ]),
    GOLDEN.attachments.attachments.map(({ filename, contentType, content }) => [
      filename,
      contentType.split(";")[0]?.toLowerCase(),
      "attachment",
      content,
    ]),
  );
  assert.match(raw, /^Content-Type: text\/csv; charset=utf-8$/m);
  assert.equal(lines(mail.text), GOLDEN.attachments.message);
});

test("no line of a file, of its name or of its base64, is longer than 76 characters", async () => {
  const names = ["a", "é", "漢", "😀", "x y ", "%", "(", "'"].map((unit) => `${unit.repeat(250 / unit.length)}.txt`);
  const attachments = names.map((filename, index) => ({
    filename: [...filename].slice(-255).join("").trim(),
    contentType: "application/octet-stream",
    content: Buffer.alloc(56 + index, 255).toString("base64"),
  }));
  const { raw, mail } = await compose({ ...GOLDEN.plain, attachments });
  assert.deepEqual(
    mail.attachments.map(({ filename, content }) => [filename, Buffer.from(content as ArrayBuffer).toString("base64")]),
    attachments.map(({ filename, content }) => [filename, content]),
  );
  for (const line of raw.slice(raw.indexOf("octet-stream")).split("\r\n")) assert.ok(line.length <= 76, line);
});

test("answers the mail that it names, from the address that it names", async () => {
  const { mail, raw } = await compose(GOLDEN.reply);
  assert.deepEqual(mail.from, { name: "Sales, Corp", address: "sales@corp.example" });
  assert.equal(mail.inReplyTo, GOLDEN.reply.inReplyTo);
  assert.equal(mail.references, [...GOLDEN.reply.references, GOLDEN.reply.inReplyTo].join(" "));
  assert.doesNotMatch(raw, /19a8f0c2d4e6b801/, "a thread is not for the mail to tell");
});

test("5 MB of files do not hold the worker up", async (t) => {
  const content = randomBytes(ATTACHMENTS_BYTES_MAX).toString("base64");
  const body = {
    ...GOLDEN.plain,
    attachments: [{ filename: "a.bin", contentType: "application/octet-stream", content }],
  };
  const json = JSON.stringify(body);
  const read = (): DraftRequest => requestOf(JSON.parse(json));
  await composeMessage(read(), OPTIONS);
  const startedMs = performance.now();
  const request = read();
  const readMs = performance.now() - startedMs;
  fingerprint(request);
  const hashedMs = performance.now() - startedMs - readMs;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const composingMs = performance.now();
  const mime = await composeMessage(request, OPTIONS);
  const composedMs = performance.now() - composingMs;
  delay.disable();
  const ms = (number: number): string => `${Math.round(number)} ms`;
  t.diagnostic(
    `read and checked in ${ms(readMs)}, hashed in ${ms(hashedMs)}, composed in ${ms(composedMs)} with no pause above ${ms(delay.max / 1e6)}`,
  );
  assert.ok(mime.length > content.length && mime.length < content.length * 1.03);
});

// Characters that have a meaning somewhere between the request and a mail header.
const spiced = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(..."\"\\,;:<>()[]@=?_ .%&'é漢🎉".split(/(?:)/u), "=?utf-8?Q?", "Bcc:") },
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 3 }),
);
const headerText = fc
  .array(spiced, { minLength: 1, maxLength: 60 })
  .map((parts) => parts.join(""))
  .filter((text) => !/=\?.*\?=/.test(text) && text.trim() !== "")
  .filter((text) => parseDraftRequest({ to: "a@example.com", subject: text, message: "x" }, MAILBOX).ok);
const nameText = headerText.filter(
  (name) => parseDraftRequest({ to: quoted(name), subject: "s", message: "x" }, MAILBOX).ok,
);

function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, "\\$&")}" <ada@example.com>`;
}

test("no subject and no name adds a header, moves a recipient or breaks a line", async () => {
  await fc.assert(
    fc.asyncProperty(headerText, nameText, async (subject, name) => {
      const { raw, mail } = await compose({ to: quoted(name), bcc: "b@example.com", subject, message: "x" });
      assert.equal(mail.subject?.trim(), subject.trim());
      assert.deepEqual(mail.headers.map(({ key }) => key).sort(), [
        "bcc",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
        "x-draftmill-id",
      ]);
      assert.deepEqual(
        mail.to?.map(({ address }) => address),
        ["ada@example.com"],
      );
      assert.deepEqual(
        mail.bcc?.map(({ address }) => address),
        ["b@example.com"],
      );
      assert.match(raw.slice(0, raw.indexOf("\r\n\r\n")), /^[\x20-\x7e\t\r\n]*$/);
    }),
    { numRuns: 150 },
  );
});

test("a body comes out as it went in", async () => {
  const bodyText = fc
    .array(fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("\n", "\n\n", "=", ".\n", "--", "\t", "é", "=3D")))
    .map((parts) => parts.join(""))
    .filter((text) => parseDraftRequest({ to: "a@example.com", subject: "s", message: text }, MAILBOX).ok);
  await fc.assert(
    fc.asyncProperty(bodyText, async (message) => {
      const { mail } = await compose({ to: "a@example.com", subject: "s", message });
      assert.equal(lines(mail.text), lines(message.replace(/\r\n?/g, "\n")));
    }),
    { numRuns: 150 },
  );
});
