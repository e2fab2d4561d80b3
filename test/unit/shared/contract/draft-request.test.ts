import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type DraftRequest, fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import fc from "fast-check";

const MAILBOX = "rep@corp.example";
const REQUEST = { to: "ada@example.com", subject: "Hello", message: "Text." };
const FILE = { filename: "a.txt", contentType: "text/plain", content: "YQ==" };

function requestOf(value: unknown): DraftRequest {
  const parsed = parseDraftRequest(value, MAILBOX);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.request;
}

function problemsOf(value: unknown, defaultMailbox: string | null = MAILBOX): readonly FieldProblem[] {
  const parsed = parseDraftRequest(value, defaultMailbox);
  assert.ok(!parsed.ok, "it was accepted");
  return parsed.problems;
}

const pointersOf = (value: unknown): string[] => problemsOf(value).map(({ pointer, code }) => `${pointer} ${code}`);

describe("what is accepted", () => {
  test("the three fields of the old function, the mailbox by default", () => {
    assert.deepEqual(requestOf(REQUEST), {
      mailbox: MAILBOX,
      from: { name: "", address: MAILBOX },
      to: [{ name: "", address: "ada@example.com" }],
      cc: [],
      bcc: [],
      replyTo: [],
      subject: "Hello",
      message: "Text.",
      html: "",
      attachments: [],
      threadId: null,
      inReplyTo: null,
      references: [],
      dedupeKey: null,
      notBeforeMs: null,
      metadata: {},
    });
  });

  test("lists as one text and as an array are the same request", () => {
    const asText = requestOf({ ...REQUEST, to: '"Doe, J." <j@example.com>, Ada <ada@example.com>' });
    const asArray = requestOf({ ...REQUEST, to: ['"Doe, J." <j@example.com>', "Ada <ada@example.com>"] });
    assert.deepEqual(asText, asArray);
    assert.equal(asText.to.length, 2);
  });

  test("empty optional fields count as absent, as a file's empty columns need", () => {
    const columns = { cc: "", bcc: [], replyTo: "", html: "", mailbox: "", dedupeKey: "", metadata: {} };
    const newer = { from: "", threadId: "", inReplyTo: "", references: "", attachments: [] };
    assert.deepEqual(requestOf({ ...REQUEST, ...columns, ...newer }), requestOf(REQUEST));
  });

  test("a mailbox is lower-cased, a recipient's name before the @ is not", () => {
    const request = requestOf({ ...REQUEST, to: "Ada@EXAMPLE.com", mailbox: "Rep@Corp.Example" });
    assert.equal(request.mailbox, "rep@corp.example");
    assert.equal(request.to[0]?.address, "Ada@example.com");
  });

  test("a sender with a name, or another address; the mailbox is itself however it is written", () => {
    const sender = (from: string) => requestOf({ ...REQUEST, from }).from;
    assert.deepEqual(sender('"Doe, J." <sales@Corp.example>'), { name: "Doe, J.", address: "sales@corp.example" });
    assert.deepEqual(sender("REP@corp.example"), { name: "", address: MAILBOX });
    assert.equal(fingerprint(requestOf({ ...REQUEST, from: MAILBOX })), fingerprint(requestOf(REQUEST)));
  });

  test("100 recipients, and a subject of 1,000 characters outside the basic plane", () => {
    const to = Array.from({ length: 60 }, (_, index) => `a${index}@example.com`);
    const cc = Array.from({ length: 40 }, (_, index) => `c${index}@example.com`);
    requestOf({ ...REQUEST, to, cc: cc.join(","), subject: "😀".repeat(1_000) });
  });

  test("labels that are called like an object's own methods", () => {
    const metadata = JSON.parse('{"constructor":"a","toString":"b","hasOwnProperty":"c"}');
    assert.deepEqual({ ...requestOf({ ...REQUEST, metadata }).metadata }, metadata);
  });
});

describe("what is refused", () => {
  test("a field that breaks the schema does not hide what else is wrong", () => {
    const value = { to: "not an address", subject: 17, mailbox: "nobody", html: "nul \u0000", replyTo: "a@b", x: 1 };
    assert.deepEqual(pointersOf(value).toSorted(), [
      "/html characters",
      "/mailbox address",
      "/replyTo address",
      "/subject type",
      "/to address",
      "/x unknownField",
    ]);
  });

  test("all of a request's schema problems are told at once, each with its pointer", () => {
    const value = {
      to: 5,
      cc: ["ok@example.com", 7, null],
      subject: null,
      message: 1,
      html: false,
      bbc: "x",
      "a/b~c": 1,
      metadata: { campaign: 4, "bad name": "x" },
      dedupeKey: "k".repeat(256),
    };
    assert.deepEqual(pointersOf(value).toSorted(), [
      "/a~1b~0c unknownField",
      "/bbc unknownField",
      "/cc/1 type",
      "/cc/2 type",
      "/dedupeKey maxLength",
      "/html type",
      "/message type",
      "/metadata/bad name propertyNames",
      "/metadata/campaign type",
      "/subject type",
      "/to type",
    ]);
  });

  test("all of a request's problems beyond the schema are told at once", () => {
    const value = {
      to: "ada@example.com, nobody, ,x@example.com",
      cc: ["fine@example.com", "Doe, J. <j@example.com>"],
      bcc: " ",
      replyTo: "a@localhost",
      subject: "two\nlines",
      message: "bell\u0007",
      html: "half \ud83d",
      mailbox: "not an address",
      dedupeKey: "a\0b",
      metadata: { campaign: "\u0001" },
    };
    assert.deepEqual(pointersOf(value).toSorted(), [
      "/bcc address",
      "/cc/1 address",
      "/dedupeKey characters",
      "/html characters",
      "/mailbox address",
      "/message characters",
      "/metadata/campaign characters",
      "/replyTo address",
      "/subject characters",
      "/to address",
      "/to address",
    ]);
    assert.deepEqual(
      problemsOf(value)
        .filter(({ pointer }) => pointer === "/to")
        .map(({ detail }) => detail),
      [
        "to, entry 2, is not an address of the form name@domain",
        "to, entry 3, is not an address of the form name@domain",
      ],
    );
  });

  const CASES = [
    ["an absent recipient", { subject: "s", message: "m" }, ["/to required"]],
    ["an absent subject", { to: "a@example.com", message: "m" }, ["/subject required"]],
    ["nothing at all", {}, ["/to required", "/subject required", "/message required"]],
    ["empty texts", { to: "", subject: "", message: "" }, ["/to minLength", "/subject minLength", "/message required"]],
    ["an empty array of recipients", { ...REQUEST, to: [] }, ["/to minItems"]],
    ["a blank recipient", { ...REQUEST, to: "  " }, ["/to address"]],
    ["an array with an empty text", { ...REQUEST, cc: [""] }, ["/cc/0 address"]],
    ["a comma-separated list inside an array", { ...REQUEST, to: ["a@x.example,b@x.example"] }, ["/to/0 address"]],
    ["a blank subject", { ...REQUEST, subject: " \u00a0" }, ["/subject required"]],
    ["neither message nor html", { to: "a@example.com", subject: "s" }, ["/message required"]],
    ["empty message and html", { ...REQUEST, message: "", html: "" }, ["/message required"]],
    ["a number as subject", { ...REQUEST, subject: 17 }, ["/subject type"]],
    ["a boolean as message", { ...REQUEST, message: true }, ["/message type"]],
    ["an object as recipient", { ...REQUEST, to: { address: "a@example.com" } }, ["/to type"]],
    ["metadata as an array", { ...REQUEST, metadata: [] }, ["/metadata type"]],
    ["a subject of 1,001 characters", { ...REQUEST, subject: "s".repeat(1_001) }, ["/subject maxLength"]],
    ["a subject with a line separator", { ...REQUEST, subject: "a\u2028b" }, ["/subject characters"]],
    ["a subject with a C1 control", { ...REQUEST, subject: "a\u0085b" }, ["/subject characters"]],
    ["half a surrogate pair in the subject", { ...REQUEST, subject: "a\ud800" }, ["/subject characters"]],
    ["101 in an array", { ...REQUEST, to: Array(101).fill("a@example.com") }, ["/to maxItems"]],
    ["101 in one text", { ...REQUEST, to: Array(101).fill("a@example.com").join() }, ["/to maxRecipients"]],
    [
      "101 in all three together",
      { ...REQUEST, cc: Array(50).fill("a@example.com"), bcc: Array(50).fill("a@example.com").join() },
      ["/to maxRecipients"],
    ],
    [
      "101 addresses to reply to",
      { ...REQUEST, replyTo: Array(101).fill("a@x.example").join() },
      ["/replyTo maxRecipients"],
    ],
    ["two senders", { ...REQUEST, from: "a@example.com, b@example.com" }, ["/from address"]],
    ["a sender with a line break", { ...REQUEST, from: "a@example.com\r\nBcc: b@example.com" }, ["/from address"]],
    ["an array of senders", { ...REQUEST, from: ["a@example.com"] }, ["/from type"]],
    ["attachments in one text", { ...REQUEST, attachments: "" }, ["/attachments type"]],
    [
      "a file without a type",
      { ...REQUEST, attachments: [{ filename: "a", content: "YQ==" }] },
      ["/attachments/0/contentType required"],
    ],
    [
      "a misspelt field of a file",
      { ...REQUEST, attachments: [FILE, { ...FILE, fileName: "b" }] },
      ["/attachments/1/fileName unknownField"],
    ],
    ["21 files", { ...REQUEST, attachments: Array(21).fill(FILE) }, ["/attachments maxItems"]],
    ["21 labels", { ...REQUEST, metadata: Object.fromEntries(range(21)) }, ["/metadata maxProperties"]],
  ] as const;

  for (const [what, value, expected] of CASES) {
    test(what, () => assert.deepEqual(pointersOf(value), expected));
  }

  for (const value of [null, undefined, 5, "text", true, [], [REQUEST]]) {
    test(`${JSON.stringify(value)} in place of a request`, () => {
      assert.deepEqual(problemsOf(value), [{ pointer: "", code: "type", detail: "the request must be object" }]);
    });
  }

  test("no mailbox and no default: the variable that would give one is named", () => {
    const [problem] = problemsOf(REQUEST, null);
    assert.equal(problem?.pointer, "/mailbox");
    assert.match(problem?.detail ?? "", /GMAIL_USER/);
  });

  test("keys that would reach an object's prototype are fields like others: unknown", () => {
    const value = JSON.parse(
      '{"__proto__":{"to":"x"},"constructor":{"prototype":{}},"toString":1,"metadata":{"__proto__":"x"}}',
    );
    assert.deepEqual(pointersOf({ ...REQUEST, ...value }).toSorted(), [
      "/__proto__ unknownField",
      "/constructor unknownField",
      "/metadata/__proto__ propertyNames",
      "/toString unknownField",
    ]);
  });
});

describe("what a sender can make it say", () => {
  test("at most 100 problems, each with a short and well-formed pointer", () => {
    const metadata = Object.fromEntries(range(50).map(([key]) => [`${key}\ud800${"x".repeat(100_000)}`, 5]));
    const bad = Array.from({ length: 100 }, () => "x");
    const problems = problemsOf({ ...REQUEST, to: [...bad, 5], metadata, [`y${"\udc00".repeat(500)}`]: 1 });
    assert.equal(problems.length, 100);
    for (const { pointer, detail } of problems) {
      assert.ok(pointer.length <= 220 && pointer.isWellFormed(), pointer);
      assert.ok(detail.length <= 300 && detail.isWellFormed(), detail);
    }
    assert.equal(problemsOf({ ...REQUEST, to: ",".repeat(19_999) }).length, 100);
  });

  test("names that a terminal would obey are left to the pointer in what people read", () => {
    const label = "\u001b[31m\u202e\r\n";
    const problems = problemsOf({ ...REQUEST, [label]: 1, metadata: { [label]: 5 } });
    assert.equal(problems.length, 3);
    for (const { pointer, detail } of problems) {
      assert.ok(pointer.endsWith(`/${label}`));
      assert.match(detail, /^[\x20-\x7e]+$/);
    }
  });

  for (const [what, value] of [
    ["unknown fields", { ...REQUEST, ...Object.fromEntries(range(200_000)) }],
    ["labels", { ...REQUEST, metadata: Object.fromEntries(range(200_000)) }],
    ["recipients of the wrong type", { ...REQUEST, to: Array(1_000_000).fill(0) }],
    ["references of the wrong type", { ...REQUEST, references: Array(1_000_000).fill(0) }],
    ["files of the wrong type", { ...REQUEST, attachments: Array(1_000_000).fill(0) }],
    ["fields of a file", { ...REQUEST, attachments: [Object.fromEntries(range(200_000))] }],
  ] as const) {
    test(`${what} without end: one problem, not a million`, () => {
      const problems = problemsOf(value);
      assert.equal(problems.length, 1);
      assert.match(problems[0]?.code ?? "", /^max/);
    });
  }

  test("it never throws, whatever JSON it is given", () => {
    const field = fc.constantFrom(...Object.keys(DRAFT_REQUEST_SCHEMA.properties));
    const anyObject = fc.dictionary(fc.oneof(field, fc.string({ unit: "binary" })), fc.jsonValue());
    fc.assert(
      fc.property(anyObject, (value) => {
        const parsed = parseDraftRequest(value, MAILBOX);
        if (!parsed.ok) assert.ok(parsed.problems.length > 0);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the fingerprint", () => {
  test("is the same however the request is written", () => {
    const one = {
      to: "Ada <ada@example.com>, b@example.com",
      subject: "s",
      message: "m",
      metadata: { a: "1", b: "2", "10": "x", "9": "y" },
    };
    const other = {
      metadata: { b: "2", "9": "y", "10": "x", a: "1" },
      html: "",
      cc: [],
      message: "m",
      mailbox: "REP@corp.example",
      to: ['"Ada" <ada@EXAMPLE.com>', " b@example.com "],
      subject: "s",
    };
    assert.equal(fingerprint(requestOf(one)), fingerprint(requestOf(other)));
  });

  test("keeps its value from release to release: a ledger may hold it for 30 days", () => {
    assert.equal(fingerprint(requestOf(REQUEST)), "J8QNuwBneDyBZfMvLAn1ePpq9zLkWl3JKQ8bPeW6vXY");
  });

  const CHANGES = {
    to: "other@example.com",
    cc: "c@example.com",
    bcc: "b@example.com",
    replyTo: "r@example.com",
    subject: "Hello ",
    message: "Text",
    html: "<p>x</p>",
    mailbox: "other@corp.example",
    dedupeKey: "k",
    metadata: { a: "b" },
    from: "Ada <rep@corp.example>",
    threadId: "19a8f0c2d4e6b801",
    inReplyTo: "<b@example.com>",
    references: ["<a@example.com>"],
    attachments: [FILE],
  };
  /** What each of them is changed in. */
  const baseOf = (field: string): object =>
    field === "threadId" ? { ...REQUEST, inReplyTo: CHANGES.inReplyTo } : REQUEST;

  test("has a change for each field of the schema but the time, which is no part of what is made", () => {
    assert.deepEqual(
      [...Object.keys(CHANGES), "notBefore"].toSorted(),
      Object.keys(DRAFT_REQUEST_SCHEMA.properties).toSorted(),
    );
  });

  for (const [field, value] of Object.entries(CHANGES)) {
    test(`changes with ${field}`, () => {
      const base = baseOf(field);
      assert.notEqual(fingerprint(requestOf({ ...base, [field]: value })), fingerprint(requestOf(base)));
    });
  }

  test("tells a recipient in cc from one in bcc, and a name from none", () => {
    const of = (changes: object): string => fingerprint(requestOf({ ...REQUEST, ...changes }));
    const all = [of({ cc: "x@example.com" }), of({ bcc: "x@example.com" }), of({ cc: "X <x@example.com>" })];
    assert.equal(new Set(all).size, 3);
  });

  test("tells one file from another by its name, its type, a bit of it and its place", () => {
    const of = (...attachments: object[]): string => fingerprint(requestOf({ ...REQUEST, attachments }));
    const other = { ...FILE, filename: "b.txt" };
    const all = [
      of(FILE),
      of(other),
      of({ ...FILE, contentType: "text/csv" }),
      of({ ...FILE, contentType: "text/plain; charset=utf-8" }),
      of({ ...FILE, content: "YA==" }),
      of(FILE, other),
      of(other, FILE),
      of(FILE, FILE),
    ];
    assert.equal(new Set(all).size, all.length);
    assert.equal(of({ ...FILE, contentType: "Text/Plain" }), of(FILE));
  });
});

function range(count: number): [string, string][] {
  return Array.from({ length: count }, (_, index) => [`k${index}`, "v"]);
}
