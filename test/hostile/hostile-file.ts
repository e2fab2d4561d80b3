import fc, { type Arbitrary } from "fast-check";
import { anyText, oddText } from "./hostile-text.ts";

/** A file as a request asks for it. */
export interface AskedFile {
  readonly filename: string;
  readonly contentType: string;
  readonly content: string;
}

/** A file with which nothing is wrong. */
export const FINE_FILE: AskedFile = { filename: "offer.pdf", contentType: "application/pdf", content: "SGVsbG8h" };

/** Names that look like what stands around a name in a header (RFC 2231, RFC 2047, RFC 2045), and names of odd lengths. */
const shapedName = fc.oneof(
  fc.constantFrom(
    "utf-8''evil.exe",
    "UTF-8'en'%e2%80%aegpj.exe",
    "a.txt\"; filename*=utf-8''evil.exe",
    'a.txt"; filename="evil.exe',
    "a.txt; name=evil.exe",
    "filename*0*=utf-8''evil",
    "*0*",
    "a\\",
    'a\\"',
    '"',
    "'",
    "''",
    "%00.txt",
    "%2e%2e%2fpasswd",
    "100%.csv",
    "a.txt\r\nContent-Type: text/html",
    'a.txt"\r\n\r\n<script>',
    "=?utf-8?q?evil=2Eexe?=",
    "=?utf-8?b?ZXZpbC5leGU=?= .txt",
    "annexe\u202egpj.exe",
    "\u2066a\u2069.txt",
    "(comment).txt",
    "a;b,c:d=e@f[g]h<i>j?.txt",
    ".htaccess",
    "..",
    "CON",
    "a/b",
    "a\\b",
  ),
  fc
    .tuple(fc.constantFrom("x", "é", "漢", "😀", "a b ", "%", "'", "a  "), fc.integer({ min: 1, max: 260 }))
    .map(([unit, count]) => `${[...unit.repeat(count)].slice(0, 256).join("")}.txt`),
);

const filename = fc.oneof(
  {
    weight: 5,
    arbitrary: oddText.map((text) => [...text].slice(0, 255).join("").replaceAll(/[/\\]/g, "").trim() || "x"),
  },
  { weight: 3, arbitrary: shapedName },
  { weight: 1, arbitrary: anyText },
);

const contentType = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      "application/pdf",
      "application/octet-stream",
      "image/png",
      "text/plain",
      "text/html",
      "TEXT/CSV; charset=UTF-8",
      'text/plain;charset="iso-8859-1"',
      "text/calendar",
      "application/ics",
      "application/pgp-signature",
      "application/pkcs7-mime",
      "application/x-www-form-urlencoded",
      "x!#$&^_.+-/a!#$&^_.+-",
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "message/rfc822",
      "multipart/mixed",
      "multipart/mixed; boundary=x",
      "application/pdf; name=evil.exe",
      "application/pdf\r\nX-Evil: 1",
      "application",
    ),
  },
  { weight: 1, arbitrary: anyText },
);

const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 400 }).map((given) => Buffer.from(given)),
  fc
    .constantFrom("--\r\n", "\r\n--x--\r\n", "From me\n.\n\r", "\r\n\r\n", "\0", "\ufeff", "é", "<script>")
    .map((text) => Buffer.from(text.repeat(20))),
  fc.integer({ min: 50, max: 62 }).map((length) => Buffer.alloc(length, "a")),
);

const content = fc.oneof(
  { weight: 12, arbitrary: bytes.map((given) => given.toString("base64")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "YQ",
      "YR==",
      "YWJj\r\n",
      "YW Jj",
      "====",
      "YQ==YQ==",
      "-_-_",
      "data:,x",
      "YWJj\0",
      "Y\ud800==",
    ),
  },
  { weight: 1, arbitrary: anyText },
);

/** One to three files, most of them as odd as a file may be and still become one of a draft. */
export const hostileFiles: Arbitrary<readonly AskedFile[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ filename, contentType, content }, { noNullPrototype: true }) },
    filename.map((name) => ({ ...FINE_FILE, filename: name })),
  ),
  { minLength: 1, maxLength: 3 },
);

/** Message-IDs, good and bad. */
export const hostileMessageId: Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: fc.stringMatching(/^<[a-z0-9!#$%&'*+/=^_`{|}~.-]{1,80}@[a-z0-9.-]{1,40}>$/) },
  fc.constantFrom(
    "<a@b>\r\nBcc: <evil@example.test>",
    "<a@b> <c@d>",
    "<a@[127.0.0.1]>",
    "<=?utf-8?q?evil?=@b>",
    '<"a b"@c>',
    "a@b",
    "<a@b",
    "<>",
  ),
  { weight: 1, arbitrary: fc.integer({ min: 400, max: 520 }).map((length) => `<${"x".repeat(length)}@b.example>`) },
  { weight: 1, arbitrary: anyText },
);
