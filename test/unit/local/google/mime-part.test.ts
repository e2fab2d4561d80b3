import assert from "node:assert/strict";
import { test } from "node:test";
import { parameter, parseMime, partText, splitParts } from "@draftmill/local/google/gmail/mime-part.ts";
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import PostalMime from "postal-mime";

test("reads what nodemailer writes as an independent parser does", async () => {
  const raw = await new MailComposer({
    newline: "\r\n",
    from: { name: "Émilie, du Châtelet", address: "emilie@example.com" },
    to: "ada@example.com",
    subject: "Où allons-nous — et quand ? ".repeat(5).trim(),
    text: "Ligne à espaces finales   \nune autre = oui\n.\nfin\u00a0!",
    html: "<p>Ça <b>va</b> ?</p>",
    attachments: [
      { filename: "Größe & Plan.pdf", content: Buffer.from([0, 1, 2, 255]) },
      { filename: "a.png", cid: "logo", content: Buffer.from("png") },
    ],
  })
    .compile()
    .build();
  const reference = await PostalMime.parse(raw);
  const tree = parseMime(raw);
  const leaves = [tree].flatMap(function leavesOf(part): (typeof tree)[] {
    return part.parts.length === 0 ? [part] : part.parts.flatMap(leavesOf);
  });
  assert.equal(tree.headers.find(({ name }) => name === "Subject")?.value, reference.subject);
  const plain = leaves.find(({ mimeType }) => mimeType === "text/plain");
  assert.equal(plain && partText(plain).replaceAll("\r\n", "\n").trim(), reference.text?.trim());
  const markup = leaves.find(({ mimeType }) => mimeType === "text/html");
  assert.equal(markup && partText(markup).trim(), reference.html?.trim());
  const names = leaves.flatMap(({ filename }) => (filename === "" ? [] : [filename]));
  assert.deepEqual(names.sort(), reference.attachments.map(({ filename }) => filename).sort());
  const pdf = leaves.find(({ filename }) => filename.endsWith(".pdf"));
  assert.deepEqual([...(pdf?.content ?? [])], [0, 1, 2, 255]);
});

test("a broken message is read as far as it goes, and never throws", () => {
  for (const text of [
    "",
    "\r\n",
    "no header at all",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\nno parts",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nunterminated",
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b--\r\n--b\r\nafter the end",
    "Content-Type: text/plain; charset=no-such-charset\r\n\r\n\u00e9",
    "Content-Type: ;\r\nContent-Transfer-Encoding: what\r\n\r\nx",
  ]) {
    const part = parseMime(Buffer.from(text, "latin1"));
    assert.equal(typeof partText(part), "string");
  }
});

test("parts are split at whole delimiters only", () => {
  const body = "preamble\r\n--b\r\n\r\none\r\n--bb is no delimiter's\r\n--b\r\n\r\ntwo --b inside\r\n--b--\r\nepilogue";
  assert.deepEqual(
    splitParts(Buffer.from(body), "b").map((part) => part.toString()),
    ["\r\none\r\n--bb is no delimiter's", "\r\ntwo --b inside"],
  );
});

test("parameters: quoted, bare, and in the continued form of RFC 2231", () => {
  assert.equal(parameter('a/b; name="x \\"y\\"; z"', "name"), 'x "y"; z');
  assert.equal(parameter("a/b; charset=UTF-8; x=y", "charset"), "UTF-8");
  assert.equal(parameter("attachment; filename*0*=utf-8''Gr%C3%B6; filename*1*=%C3%9Fe.pdf", "filename"), "Größe.pdf");
  assert.equal(parameter("attachment", "filename"), undefined);
});

test("quoted-printable keeps the blanks before a break that is not the text's, and none that came underway", () => {
  const body = ["a  =", "b= \t", "c  ", `${" ".repeat(200_000)}x`, "d=20", "e "].join("\r\n");
  const part = parseMime(Buffer.from(`Content-Transfer-Encoding: quoted-printable\r\n\r\n${body}`));
  assert.equal(partText(part), `a  bc\r\n${" ".repeat(200_000)}x\r\nd \r\ne `);
});
