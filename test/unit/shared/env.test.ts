import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import {
  asFlag,
  asOneOf,
  asOrigin,
  asText,
  asUrl,
  asWholeNumber,
  describeEnv,
  EnvironmentError,
  isLoopback,
  readEnv,
} from "@draftmill/shared/env.ts";
import { SERVICE_VARIABLES } from "@draftmill/shared/service-variables.ts";

const SCHEMA = {
  NAME: { parse: asText, meaning: "who it is" },
  COUNT: { parse: asWholeNumber(1, 10), fallback: 3, meaning: "how many" },
  MODE: { parse: asOneOf("fast", "slow"), fallback: undefined, meaning: "how" },
  KEY: { parse: asText, fallback: undefined, meaning: "what opens it", secret: true },
} as const;

test("reads what is set, falls back where nothing or the empty text is", () => {
  assert.deepEqual(
    { ...readEnv(SCHEMA, { NAME: "x", COUNT: "7", MODE: "", OTHER: "ignored" }) },
    { NAME: "x", COUNT: 7, MODE: undefined, KEY: undefined },
  );
});

test("tells every problem at once, by the variable's name, and starts nothing", () => {
  assert.throws(
    () => readEnv(SCHEMA, { COUNT: "11", MODE: "Fast", KEY: " s3cret" }),
    (error) => {
      assert.ok(error instanceof EnvironmentError);
      assert.deepEqual(error.problems, [
        "NAME is required: who it is",
        'COUNT must be a whole number from 1 to 10, and is "11"',
        'MODE must be one of fast, slow, and is "Fast"',
        "KEY must not begin or end with white space",
      ]);
      return true;
    },
  );
});

test("the values cannot be changed afterwards", () => {
  const values: Record<string, unknown> = readEnv(SCHEMA, { NAME: "x" });
  assert.throws(() => {
    values.NAME = "y";
  }, TypeError);
});

test("a description for the log holds no secret, and shows what a JSON log would lose", () => {
  const values = readEnv(SCHEMA, { NAME: "x", KEY: "s3cret" });
  assert.deepEqual(describeEnv(SCHEMA, values), { NAME: "x", COUNT: 3, MODE: undefined, KEY: { set: true } });
  const unset = describeEnv(SCHEMA, readEnv(SCHEMA, { NAME: "x" }));
  assert.deepEqual(unset.KEY, { set: false });
  const policy = { MAILBOXES: { parse: parseMailboxPolicy, meaning: "whose" } };
  const described = describeEnv(policy, readEnv(policy, { MAILBOXES: "rep@corp.example,@team.example" }));
  assert.deepEqual(JSON.parse(JSON.stringify(described)), {
    MAILBOXES: { addresses: ["rep@corp.example"], domains: ["team.example"] },
  });
});

const READ: readonly (readonly [string, (raw: string) => unknown, string, unknown])[] = [
  ["a number", asWholeNumber(0, 65_535), "0", 0],
  ["a number with zeros before it", asWholeNumber(0, 65_535), "08080", 8080],
  ["true", asFlag, "true", true],
  ["false", asFlag, "false", false],
  ["an origin", asOrigin, "https://gmail.googleapis.com", "https://gmail.googleapis.com"],
  ["an origin with a slash at its end", asOrigin, "https://gmail.googleapis.com/", "https://gmail.googleapis.com"],
  ["an origin on this machine", asOrigin, "http://127.0.0.1:9000", "http://127.0.0.1:9000"],
  ["an origin on this machine, IPv6", asOrigin, "http://[::1]:9000", "http://[::1]:9000"],
  ["a URL", asUrl, "https://oauth2.googleapis.com/token?x=1", "https://oauth2.googleapis.com/token?x=1"],
];

for (const [what, parse, raw, value] of READ) {
  test(`reads ${what}`, () => assert.equal(parse(raw), value));
}

const REFUSED: readonly (readonly [(raw: string) => unknown, string])[] = [
  ...["", "-1", "1.5", "1e3", "0x10", " 1", "１", "65536", "99999999999999999999"].map(
    (raw) => [asWholeNumber(0, 65_535), raw] as const,
  ),
  ...["", "True", "1", "yes", "on"].map((raw) => [asFlag, raw] as const),
  ...["x ", " x", "x\n", " ", "\ufeffx"].map((raw) => [asText, raw] as const),
  ...[
    "gmail.googleapis.com",
    "//gmail.googleapis.com",
    "http://gmail.googleapis.com",
    "http://localhost.evil.example",
    "http://127.0.0.1.evil.example",
    "http://[::2]",
    "ftp://127.0.0.1",
    "file:///etc/passwd",
    "https://gmail.googleapis.com/gmail",
    "https://gmail.googleapis.com/?x",
    "https://gmail.googleapis.com/#x",
    "https://user:password@gmail.googleapis.com",
    "https://user@gmail.googleapis.com",
  ].map((raw) => [asOrigin, raw] as const),
  [asUrl, "https://user:password@oauth2.googleapis.com/token"],
  [asUrl, "http://oauth2.googleapis.com/token"],
];

for (const [parse, raw] of REFUSED) {
  test(`refuses ${JSON.stringify(raw)}`, () => assert.throws(() => parse(raw), /^Error: must /));
}

test("knows which hosts only this machine reaches", () => {
  for (const host of ["localhost", "127.0.0.1", "127.8.9.10", "::1", "[::1]"])
    assert.equal(isLoopback(host), true, host);
  for (const host of ["0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost.example", "127.0.0.1.example", ""]) {
    assert.equal(isLoopback(host), false, host);
  }
});

test("refuses a default mailbox that is no address and a ledger that is no store, with words of their own", () => {
  assert.throws(
    () => readEnv(SERVICE_VARIABLES, { GMAIL_USER: "ada", MAILBOXES: "*", LEDGER_URL: "mysql://x", LOG_LEVEL: "loud" }),
    (error) => {
      assert.ok(error instanceof EnvironmentError);
      assert.deepEqual(
        error.problems.map((problem) => problem.replace(/^(\w+) .*/s, "$1")),
        ["LOG_LEVEL", "GMAIL_USER", "MAILBOXES", "LEDGER_URL"],
      );
      return true;
    },
  );
  const { GMAIL_USER } = readEnv(SERVICE_VARIABLES, { GMAIL_USER: "Ada@Example.com" });
  assert.equal(GMAIL_USER, "ada@example.com");
});

test("a value that cannot be used is told, but for a secret and for a URL that may hold a password", () => {
  const schema = {
    KEY: { parse: asWholeNumber(1, 9), meaning: "a secret", secret: true },
    PLACE: { parse: asOrigin, meaning: "an origin" },
  };
  assert.throws(
    () => readEnv(schema, { KEY: "hunter2", PLACE: "https//user:hunter2@example.test" }),
    (error) => error instanceof EnvironmentError && !error.message.includes("hunter2") && error.problems.length === 2,
  );
  assert.throws(
    () => readEnv(schema, { KEY: "1", PLACE: "example.test" }),
    /PLACE must be a URL, and is "example.test"/,
  );
});
