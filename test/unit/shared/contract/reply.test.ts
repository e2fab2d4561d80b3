import assert from "node:assert/strict";
import { test } from "node:test";
import { type ParsedDraftRequest, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import type { Reply } from "@draftmill/shared/contract/reply.ts";
import fc from "fast-check";

const THREAD = "19a8f0c2d4e6b801";
const FIRST = "<first@mail.example.com>";
const SECOND = "<CAF+1x=y_z@mail.gmail.com>";

function parse(fields: object): ParsedDraftRequest {
  return parseDraftRequest({ to: "a@example.com", subject: "Re: s", message: "m", ...fields }, "rep@corp.example");
}

function read(fields: object): Reply {
  const parsed = parse(fields);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  const { threadId, inReplyTo, references } = parsed.request;
  return { threadId, inReplyTo, references };
}

function pointers(fields: object): string[] {
  const parsed = parse(fields);
  assert.ok(!parsed.ok, "it was accepted");
  return parsed.problems.map(({ pointer, code }) => `${pointer} ${code}`);
}

test("the mail that is answered is the last of the references, named or not", () => {
  assert.deepEqual(read({ inReplyTo: SECOND }), { threadId: null, inReplyTo: SECOND, references: [SECOND] });
  assert.deepEqual(read({ inReplyTo: SECOND, references: [FIRST] }).references, [FIRST, SECOND]);
  assert.deepEqual(read({ inReplyTo: SECOND, references: [FIRST, SECOND] }).references, [FIRST, SECOND]);
  assert.deepEqual(read({ references: [FIRST] }), { threadId: null, inReplyTo: null, references: [FIRST] });
});

test("references may be the header as it was", () => {
  assert.deepEqual(read({ references: ` ${FIRST}  ${SECOND}\t` }).references, [FIRST, SECOND]);
  assert.deepEqual(read({ references: " " }).references, []);
});

test("a thread needs a mail that is answered", () => {
  assert.equal(read({ threadId: THREAD, inReplyTo: FIRST }).threadId, THREAD);
  assert.deepEqual(pointers({ threadId: THREAD }), ["/inReplyTo required"]);
  assert.deepEqual(pointers({ threadId: THREAD, references: [FIRST] }), ["/inReplyTo required"]);
});

for (const threadId of [
  "FMfcgzQfCMsvMmcQTcpPjxjzNRcJNfMN",
  "thread-f:1234",
  "19A8F0C2D4E6B801",
  "0x1",
  `${THREAD}0`,
  " 1",
  "1\r\n2",
]) {
  test(`${JSON.stringify(threadId)} is no thread of the Gmail API`, () => {
    assert.deepEqual(pointers({ threadId, inReplyTo: FIRST }), ["/threadId threadId"]);
  });
}

for (const id of [
  "<a@b>",
  "<0100018c-1-000000@email.example.com>",
  "<AM0PR01MB1@AM0PR01MB1.prod.example.com>",
  "<5f3c.$a..b.@[127.0.0.1]>",
  "<!#$%&'*+/=?^_`{|}~-@x_y.example>",
]) {
  test(`${id} is a Message-ID`, () => assert.equal(read({ inReplyTo: id }).inReplyTo, id));
}

const NO_IDS: Readonly<Record<string, string>> = {
  "no brackets": "a@b.example",
  "no @": "<ab.example>",
  "two @": "<a@b@c.example>",
  "two ids": "<a@b.example> <c@d.example>",
  "a comment": "<a@b.example> (note)",
  "a blank": "<a b@c.example>",
  "a header behind it": "<a@b.example>\r\nBcc: <evil@example.test>",
  "a header in it": "<a\r\nBcc: evil@example.test@b.example>",
  "a quoted part": '<"a"@b.example>',
  "brackets in brackets": "<<a@b.example>>",
  "an encoded word": "<=?utf-8?q?evil?=@b.example>",
  "letters beyond ASCII": "<é@b.example>",
  "a domain that does not close": "<a@[127.0.0.1>",
  "nothing in it": "<@>",
  "half a character": "<a\ud800@b.example>",
};

for (const [what, id] of Object.entries(NO_IDS)) {
  test(`a Message-ID with ${what} is refused wherever it stands, and not repeated`, () => {
    assert.deepEqual(pointers({ inReplyTo: id }), ["/inReplyTo messageId"]);
    assert.deepEqual(pointers({ references: [FIRST, id] }), ["/references/1 messageId"]);
    const parsed = parse({ inReplyTo: id });
    assert.ok(!parsed.ok && !parsed.problems[0]?.detail.includes(id));
  });
}

test("100 references of 500 characters, and no more of either", () => {
  const id = `<${"a".repeat(498 - "@b.test".length)}@b.test>`;
  assert.equal(id.length, 500);
  assert.equal(read({ references: Array(100).fill(id) }).references.length, 100);
  assert.deepEqual(pointers({ references: Array(101).fill(id) }), ["/references maxItems"]);
  assert.deepEqual(pointers({ references: Array(101).fill(id).join(" ") }), ["/references maxItems"]);
  assert.deepEqual(pointers({ inReplyTo: `<a${id.slice(1)}` }), ["/inReplyTo maxLength"]);
  assert.deepEqual(pointers({ references: `<a${id.slice(1)}` }), ["/references messageId"]);
});

test("whatever is accepted as a Message-ID is one word of ASCII in brackets", () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("a", ".", "x-1", "b.example", "=", "?") },
    fc.constantFrom("<", ">", "@", " ", "\r\n", "\t", "=?q?", "[", "]", '"', "\\", ",", ":", "é", "\0"),
  );
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
      for (const id of [pieces.join(""), `<${pieces.join("")}@b.example>`]) {
        if (!parse({ inReplyTo: id }).ok) continue;
        accepted += 1;
        assert.match(id, /^<[!-;=?-~]+>$/);
        assert.equal(id.split("@").length, 2);
      }
    }),
    { numRuns: 5_000 },
  );
  assert.ok(accepted > 200, `only ${accepted} were accepted`);
});
