import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonLine, plainLines, plainText } from "@draftmill/api/cli/plain-text.ts";
import { quoted } from "@draftmill/api/cli/shell-word.ts";
import { cut, table } from "@draftmill/api/cli/table.ts";
import fc from "fast-check";

test("what would move the cursor, ring, colour or turn the direction of text is shown and not obeyed", () => {
  assert.equal(
    plainText("a\u001b[2Jb\rc\u0007\u009b31md\u202ee\u2028f\u007f"),
    "a\\u001b[2Jb\\u000dc\\u0007\\u009b31md\\u202ee\\u2028f\\u007f",
  );
  assert.equal(plainText("Réunion 👩‍💻 日本 — ok"), "Réunion 👩‍💻 日本 — ok");
  assert.equal(plainLines("one\r\n\ttwo\u001b]0;x\u0007"), "one\n\ttwo\\u001b]0;x\\u0007");
});

test("whatever a value is, no control character of it reaches a terminal", () => {
  const obeyed = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => assert.doesNotMatch(plainText(text), obeyed)));
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: "binary" }), (json, text) => {
      const value = { json, text };
      const line = jsonLine(value);
      assert.doesNotMatch(line.slice(0, -1), obeyed);
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(value)));
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (cells) => {
      const lines = table(
        cells.map(() => "HEAD"),
        [cells],
        40,
      ).split("\n");
      assert.equal(lines.length, 3);
      for (const line of lines) assert.doesNotMatch(line, obeyed);
    }),
  );
});

test("a table gives way where it is widest, and not at all where nobody looks at it", () => {
  const rows = [["1", "a".repeat(60), "short"]];
  const narrow = table(["N", "LONG", "END"], rows, 40).split("\n");
  assert.ok(
    narrow.every((line) => [...line].length <= 40),
    narrow.join("\n"),
  );
  assert.match(narrow[1] ?? "", /^1 {2}a+… {2}short$/);
  assert.match(table(["N", "LONG", "END"], rows, null), /a{60}/);
  assert.equal(cut("👍👍👍", 2), "👍…");
  assert.equal(cut("x", 0), "");
});

test("a word of a command to paste is one word to the shell", () => {
  assert.equal(quoted("offer.txt"), "offer.txt");
  assert.equal(quoted("a b"), "'a b'");
  assert.equal(quoted("it's"), "'it'\\''s'");
  assert.equal(quoted("$(id)"), "'$(id)'");
});
