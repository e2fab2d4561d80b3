import assert from "node:assert/strict";
import { test } from "node:test";
import { ATTACHMENTS_BYTES_MAX, type Attachment, decodedLength } from "@draftmill/shared/contract/attachment.ts";
import { type ParsedDraftRequest, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import fc from "fast-check";

const FILE = { filename: "offer.pdf", contentType: "application/pdf", content: "SGVsbG8h" };

function parse(...attachments: readonly object[]): ParsedDraftRequest {
  return parseDraftRequest({ to: "a@example.com", subject: "s", message: "m", attachments }, "rep@corp.example");
}

function read(...attachments: readonly object[]): readonly Attachment[] {
  const parsed = parse(...attachments);
  assert.ok(parsed.ok, JSON.stringify(parsed).slice(0, 500));
  return parsed.request.attachments;
}

function problems(...attachments: readonly object[]): readonly FieldProblem[] {
  const parsed = parse(...attachments);
  assert.ok(!parsed.ok, "it was accepted");
  return parsed.problems;
}

const pointers = (...attachments: readonly object[]): string[] =>
  problems(...attachments).map(({ pointer, code }) => `${pointer} ${code}`);

for (const filename of [
  "a",
  "Größe (2).pdf",
  'the "best" offer; v=2.txt',
  "100%25.csv",
  "utf-8''x.txt",
  ".env",
  "a..b",
  "日本語.txt",
  "CON",
]) {
  test(`a file may be called ${filename}`, () => assert.equal(read({ ...FILE, filename })[0]?.filename, filename));
}

const NAMES: readonly (readonly [what: string, filename: string, detail: RegExp])[] = [
  ["with a line break", "a\r\nBcc: evil@example.test", /control character or a line break/],
  ["with a NUL", "a\0.txt", /control character/],
  ["with a line separator", "a\u2028b", /control character/],
  ["with half a character", "a\ud800", /half a surrogate pair/],
  ["that reads backwards", "annexe\u202egpj.exe", /reading direction/],
  ["that is an encoded word", "=?utf-8?q?evil=2Eexe?=", /encoded word/],
  ["with a path", "../../etc/passwd", /path separator/],
  ["with a path of Windows", "C:\\offers\\a.pdf", /path separator/],
  ["that begins with a blank", " a.pdf", /begins or ends with a blank/],
  ["that ends with a blank", "a.pdf\u00a0", /begins or ends with a blank/],
  ["that is the folder above", "..", /dots alone/],
];

for (const [what, filename, detail] of NAMES) {
  test(`a name ${what} is refused, and not repeated`, () => {
    const [problem, ...more] = problems(FILE, { ...FILE, filename });
    assert.deepEqual(more, []);
    assert.equal(problem?.pointer, "/attachments/1/filename");
    assert.match(problem.detail, detail);
    assert.match(problem.detail, /^attachments, entry 2: filename /);
    assert.ok(!problem.detail.includes(filename));
  });
}

test("a name of 255 characters passes, whatever these are, and no longer one", () => {
  assert.equal(read({ ...FILE, filename: "😀".repeat(255) }).length, 1);
  assert.deepEqual(pointers({ ...FILE, filename: "a".repeat(256) }), ["/attachments/0/filename maxLength"]);
  assert.deepEqual(pointers({ ...FILE, filename: "" }), ["/attachments/0/filename minLength"]);
});

const TYPES: Readonly<Record<string, string>> = {
  "application/pdf": "application/pdf",
  "Text/CSV; charset=UTF-8": "text/csv; charset=utf-8",
  'text/plain;charset="iso-8859-1"': "text/plain; charset=iso-8859-1",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document":
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  "image/svg+xml": "image/svg+xml",
  "x-custom/x": "x-custom/x",
};

for (const [given, kept] of Object.entries(TYPES)) {
  test(`the type ${given} is ${kept}`, () => assert.equal(read({ ...FILE, contentType: given })[0]?.contentType, kept));
}

for (const contentType of [
  "pdf",
  "application/",
  "/pdf",
  "application/pdf/a",
  "application/pdf ",
  "application/pdf\r\nX-Evil: 1",
  "application/pdf; name=evil.exe",
  "text/plain; charset=utf-8; format=flowed",
  'text/plain; charset="utf-8',
  "text/plain; charset=",
  "application/pdf;",
  "=?utf-8?q?a?=/b",
  "applicätion/pdf",
  `application/${"x".repeat(128)}`,
]) {
  test(`${JSON.stringify(contentType).slice(0, 60)} is not a type`, () => {
    const [problem, ...more] = problems({ ...FILE, contentType });
    assert.deepEqual([problem?.pointer, problem?.code, more], ["/attachments/0/contentType", "mediaType", []]);
    assert.match(problem?.detail ?? "", /type\/subtype/);
  });
}

for (const contentType of [
  "message/rfc822",
  "Message/Partial",
  "multipart/mixed",
  "multipart/x",
  "message/external-body",
]) {
  test(`a file cannot be of ${contentType}: it would be taken for parts of the mail`, () => {
    const [problem, ...more] = problems({ ...FILE, contentType });
    assert.deepEqual([problem?.pointer, problem?.code, more], ["/attachments/0/contentType", "mediaType", []]);
    assert.match(problem?.detail ?? "", /application\/octet-stream/);
  });
}

const BASE64: Readonly<Record<string, string>> = {
  "a line break": "SGVs\nbG8h",
  "a line break at its end": "SGVsbG8h\n",
  blanks: "SGVs bG8h",
  "the alphabet of URLs": "_-__",
  "no padding": "YQ",
  "too much padding": "YWI==",
  "padding in its midst": "YQ==YQ==",
  "padding alone": "====",
  "bits behind its last byte": "YR==",
  "a letter that is none": "YWJ*",
  "letters beyond ASCII": "YWJé",
  "a data URL": "data:text/plain;base64,YQ==",
  "a NUL": "YWJ\0",
};

for (const [what, content] of Object.entries(BASE64)) {
  test(`base64 with ${what} is refused`, () => {
    const [problem, ...more] = problems({ ...FILE, content });
    assert.deepEqual([problem?.pointer, problem?.code, more], ["/attachments/0/content", "base64", []]);
    assert.match(problem?.detail ?? "", /RFC 4648.*base64 -w0/);
  });
}

test("a file of no bytes is refused", () => {
  assert.deepEqual(pointers({ ...FILE, content: "" }), ["/attachments/0/content base64"]);
});

test("of all texts those are base64 that encoding bytes gives, and their length is known before they are decoded", () => {
  const letter = fc.constantFrom(..."AQRgwYZz09+/=-_ \n");
  const text = fc.oneof(
    fc.array(letter, { minLength: 1, maxLength: 12 }).map((letters) => letters.join("")),
    fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("base64")),
  );
  let accepted = 0;
  fc.assert(
    fc.property(text, (content) => {
      const bytes = Buffer.from(content, "base64");
      const { ok } = parse({ ...FILE, content });
      assert.equal(ok, bytes.length > 0 && bytes.toString("base64") === content, content);
      if (!ok) return;
      accepted += 1;
      assert.equal(decodedLength(content), bytes.length);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(accepted > 500, `only ${accepted} were base64`);
});

test("all problems of all files are told at once", () => {
  const found = pointers({ filename: "a/b", contentType: "x", content: "!" }, FILE, {
    filename: "\n",
    contentType: "multipart/mixed",
    content: "YQ",
  });
  assert.deepEqual(found, [
    "/attachments/0/filename filename",
    "/attachments/0/contentType mediaType",
    "/attachments/0/content base64",
    "/attachments/2/filename filename",
    "/attachments/2/contentType mediaType",
    "/attachments/2/content base64",
  ]);
});

test("5,000,000 bytes together, and not one more", () => {
  const half = Buffer.alloc(ATTACHMENTS_BYTES_MAX / 2, "x").toString("base64");
  const files = [half, half].map((content) => ({ ...FILE, content }));
  assert.equal(read(...files).length, 2);
  const [problem, ...more] = problems(...files, { ...FILE, content: "YQ==" });
  assert.deepEqual([problem?.pointer, problem?.code, more], ["/attachments", "maxBytes", []]);
  assert.match(problem?.detail ?? "", /5000001 bytes together, 5000000 at most/);
  const alone = Buffer.alloc(ATTACHMENTS_BYTES_MAX, "x").toString("base64");
  assert.equal(read({ ...FILE, content: alone }).length, 1);
  assert.deepEqual(pointers({ ...FILE, content: `${alone}YWJj` }), ["/attachments maxBytes"]);
});
