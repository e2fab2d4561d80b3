import assert from "node:assert/strict";
import { test } from "node:test";
import { domainToASCII } from "node:url";
import { parseBareAddress, parseEmailAddress, splitAddressList } from "@draftmill/shared/contract/email-address.ts";
import fc from "fast-check";

const ACCEPTED = [
  ["ada@example.com", "ada@example.com"],
  ["first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"],
  ["!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"],
  ["Ada@EXAMPLE.Com", "Ada@example.com"],
  ["a@xn--bcher-kva.example", "a@xn--bcher-kva.example"],
  ["a@bücher.example", "a@xn--bcher-kva.example"],
  ["a@straße.example", "a@xn--strae-oqa.example"],
  ["a@例え.example", "a@xn--r8jz45g.example"],
  ["a@example。com", "a@example.com"],
  ["1@1.example", "1@1.example"],
  [`${"l".repeat(64)}@example.com`, `${"l".repeat(64)}@example.com`],
  [`a@${"d".repeat(63)}.example`, `a@${"d".repeat(63)}.example`],
] as const;

for (const [text, address] of ACCEPTED) {
  test(`accepts ${text}`, () => {
    assert.deepEqual(parseBareAddress(text), { ok: true, value: address });
  });
}

const LONGEST_DOMAIN = `${"d".repeat(63)}.${"d".repeat(63)}.${"d".repeat(61)}`;

test("accepts 254 characters and refuses 255", () => {
  assert.equal(parseBareAddress(`${"l".repeat(64)}@${LONGEST_DOMAIN}`).ok, true);
  assert.deepEqual(parseBareAddress(`${"l".repeat(64)}@${LONGEST_DOMAIN}d`), {
    ok: false,
    detail: "is longer than 254 characters",
  });
});

const REFUSED = [
  "",
  "@",
  "ada",
  "@example.com",
  "ada@",
  "ada@@example.com",
  "ada@example@example.com",
  ".ada@example.com",
  "ada.@example.com",
  "a..b@example.com",
  '"ada"@example.com',
  '"a@evil.example"@example.com',
  "ada lovelace@example.com",
  " ada@example.com",
  "ada@example.com ",
  "ada(comment)@example.com",
  "ada@example.com(comment)",
  "zoë@example.com",
  "ada@localhost",
  "ada@example.com.",
  "ada@.example.com",
  "ada@example..com",
  "ada@-dash.example",
  "ada@dash-.example",
  "ada@exa_mple.com",
  "ada@[127.0.0.1]",
  "ada@[IPv6:::1]",
  "ada@127.0.0.1",
  "ada@0x7f.1",
  "ada@example.123",
  "ada@xn--.example",
  `${"l".repeat(65)}@example.com`,
  `a@${"d".repeat(64)}.example`,
  "ada@example.com\r\nBcc: x@example.test",
  "ada@example.com\n",
  "ada\0@example.com",
  "ada@exam\tple.com",
  "ada@example.com\u2028",
  "ada@example.com\ud800",
  "ada,grace@example.com",
  "ada;grace@example.com",
  "<ada@example.com>",
  "mailto:ada@example.com",
  "a@b.example;c@d.example",
  // What would end or decode a host name within a URL is not part of a domain.
  "ada@example.com/evil.example",
  "ada@example.com?evil.example",
  "ada@example.com#evil.example",
  "ada@example.com\\evil.example",
  "ada@example.com:25",
  "ada@ex%61mple.com",
  "ada@example.com%2eevil.example",
];

for (const text of REFUSED) {
  test(`refuses ${JSON.stringify(text).slice(0, 60)}`, () => {
    assert.equal(parseBareAddress(text).ok, false);
    assert.equal(parseEmailAddress(`Ada <${text}>`).ok, false, "in angle brackets");
  });
}

const NAMED = [
  ["ada@example.com", "", "ada@example.com"],
  ["  ada@example.com  ", "", "ada@example.com"],
  ["<ada@example.com>", "", "ada@example.com"],
  ["Ada<ada@example.com>", "Ada", "ada@example.com"],
  ["Ada Lovelace <ada@example.com>", "Ada Lovelace", "ada@example.com"],
  ["Zoë Ünal 你好 <z@example.com>", "Zoë Ünal 你好", "z@example.com"],
  ['"Lovelace, Ada" <ada@example.com>', "Lovelace, Ada", "ada@example.com"],
  ['"Ada \\"Countess\\" \\\\ L." <ada@example.com>', 'Ada "Countess" \\ L.', "ada@example.com"],
  ['"a <b@c.example> d" <ada@example.com>', "a <b@c.example> d", "ada@example.com"],
  ['"" <ada@example.com>', "", "ada@example.com"],
  ["O'Neil-Smith Jr. <o@example.com>", "O'Neil-Smith Jr.", "o@example.com"],
] as const;

for (const [text, name, address] of NAMED) {
  test(`reads ${text}`, () => {
    assert.deepEqual(parseEmailAddress(text), { ok: true, value: { name, address } });
  });
}

const REFUSED_NAMED = [
  ["Lovelace, Ada <ada@example.com>", /special characters/],
  ["Ada (Countess) <ada@example.com>", /special characters/],
  ["boss@example.com <ada@example.com>", /special characters/],
  ["<a@example.com> <ada@example.com>", /special characters/],
  ["Ada: <ada@example.com>;", /text after the closing >/],
  ["Ada <ada@example.com", /text after the closing >/],
  ["Ada <ada@example.com> x", /text after the closing >/],
  ['"Ada <ada@example.com>"', /text after the closing >/],
  ['"Ada <ada@example.com>', /special characters/],
  ['"Ada" Lovelace <ada@example.com>', /special characters/],
  ['"Ada\\" <ada@example.com>', /special characters/],
  ["Ada <<ada@example.com>>", /no valid domain/],
  ["Ada <>", /not an address/],
  ["Ada < ada@example.com >", /before the @/],
  ["Ada ada@example.com", /before the @/],
  ["ada@example.com (Ada)", /no valid domain/],
  ["Ada\r\nBcc: x@example.test <ada@example.com>", /line break/],
  ['"Ada\n" <ada@example.com>', /line break/],
  ["ada@example.com\r\n", /line break/],
  ["\tada@example.com", /control character/],
  ["Ada\n<ada@example.com>", /line break/],
  ["Ada \u202e <ada@example.com>", /reading direction/],
  ["Ada \u2066x\u2069 <ada@example.com>", /reading direction/],
  ["=?utf-8?q?Eve?= <ada@example.com>", /encoded word/],
  ["=??q?Eve?=a@example.com", /encoded word/],
  ["=?utf-8?q?a ?b?= <ada@example.com>", /encoded word/],
  ['"=\\?utf-8\\?q\\?Eve\\?=" <ada@example.com>', /encoded word/],
  ["Ada \udc00 <ada@example.com>", /surrogate/],
  [`${"n".repeat(201)} <ada@example.com>`, /longer than 200/],
] as const;

for (const [text, why] of REFUSED_NAMED) {
  test(`refuses ${JSON.stringify(text).slice(0, 60)} and says why`, () => {
    const parsed = parseEmailAddress(text);
    assert.ok(!parsed.ok);
    assert.match(parsed.detail, why);
  });
}

const LISTS = [
  ["a@x.example", ["a@x.example"]],
  ["a@x.example,b@x.example", ["a@x.example", "b@x.example"]],
  ['"Doe, J." <j@x.example>, b@x.example', ['"Doe, J." <j@x.example>', " b@x.example"]],
  ['"a\\",b" <j@x.example>,c@x.example', ['"a\\",b" <j@x.example>', "c@x.example"]],
  ["<a,b@x.example>,c@x.example", ["<a,b@x.example>", "c@x.example"]],
  ["a@x.example,", ["a@x.example", ""]],
  [",", ["", ""]],
  ['"a, b@x.example', ['"a, b@x.example']],
  ["a\\,b", ["a\\", "b"]],
  ['"\\', ['"\\']],
] as const;

for (const [text, parts] of LISTS) {
  test(`splits ${text}`, () => {
    assert.deepEqual(splitAddressList(text), parts);
  });
}

const ATEXT = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789!#$%&'*+/=?^_`{|}~-";
const atom = (most: number) => fc.string({ unit: fc.constantFrom(...ATEXT), minLength: 1, maxLength: most });
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/).filter((text) => !text.startsWith("xn--"));
const address = fc
  .tuple(
    fc.array(atom(20), { minLength: 1, maxLength: 3 }),
    fc.array(label, { minLength: 1, maxLength: 3 }),
    fc.stringMatching(/^[a-z]{2,8}$/),
  )
  .map(([local, labels, top]) => `${local.join(".")}@${labels.join(".")}.${top}`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name must not hold
const NOT_IN_A_NAME = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const name = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !NOT_IN_A_NAME.test(text));
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

test("whatever stands in a list of quoted names and addresses comes out of it unchanged", () => {
  const people = fc.array(fc.record({ name, address }, { noNullPrototype: true }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(people, (list) => {
      const text = list.map((person) => `${quoted(person.name)} <${person.address}>`).join(", ");
      const parsed = splitAddressList(text).map((part) => parseEmailAddress(part));
      assert.deepEqual(
        parsed,
        list.map((value) => ({ ok: true, value })),
      );
    }),
    { numRuns: 2_000 },
  );
});

test("any text is read or refused, and what is read reads the same again", () => {
  const pieces = fc.constantFrom("@", "<", ">", '"', "\\", ",", ".", " ", "a", "ada@example.com", "\n", "é", "(", ":");
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.array(pieces, { maxLength: 14 }).map((all) => all.join("")),
  );
  fc.assert(
    fc.property(text, (given) => {
      const parsed = parseEmailAddress(given);
      if (!parsed.ok) return;
      const { value } = parsed;
      assert.deepEqual(parseEmailAddress(`${quoted(value.name)} <${value.address}>`), parsed);
      assert.match(value.address, /^[\x21-\x7e]+$/);
    }),
    { numRuns: 5_000 },
  );
});

test("a domain that is read the short way comes out as URLs have it", () => {
  const labels = [
    "a",
    "ab",
    "a-b",
    "a--b",
    "xn--",
    "xn--bcher-kva",
    "1",
    "0x1",
    "1a",
    "a1",
    "com",
    "-a",
    "a-",
    "é",
    "A",
    "",
  ];
  for (const first of labels) {
    for (const second of labels) {
      for (const given of [`${first}.${second}`, `${first}.${second}.example`, `example.${second}`]) {
        const host = domainToASCII(given);
        const isHost = host !== "" && host.split(".").every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label));
        const read = parseBareAddress(`ada@${given}`);
        if (read.ok) assert.equal(read.value, `ada@${host}`, given);
        else assert.ok(!isHost || /\.\d+$/.test(host) || !host.includes("."), `${given}: ${host}`);
      }
    }
  }
});
