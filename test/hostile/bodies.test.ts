import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type AnswerBody, startTestStack, type TestStack } from "../support/local-stack.ts";

const LIMIT_BYTES = 8 * 1024 * 1024;
const REQUEST = '{"to":"ada@example.com","subject":"Grüße","message":"Text."}';

interface SentBody {
  readonly bytes: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer's status, and its code if it is a problem. */
  readonly expected: readonly [number, string?];
  /** What the topic makes of the same bytes: a draft, or a code; left out where a body cannot travel there. */
  readonly onTopic?: string;
}

const refused: Pick<SentBody, "expected" | "onTopic"> = {
  expected: [400, "BODY_MALFORMED"],
  onTopic: "MESSAGE_MALFORMED",
};
const invalid: Pick<SentBody, "expected" | "onTopic"> = {
  expected: [422, "REQUEST_INVALID"],
  onTopic: "REQUEST_INVALID",
};
const fine: Pick<SentBody, "expected" | "onTopic"> = { expected: [201], onTopic: "created" };

/** A request with one more member, written as given. */
const and = (member: string): string => REQUEST.replace("{", `{${member},`);
const deep = (open: string, close: string): string => `${open.repeat(400_000)}1${close.repeat(400_000)}`;
const padded = (length: number): string => REQUEST + " ".repeat(length - Buffer.byteLength(REQUEST));
const typed = (type: string): Pick<SentBody, "bytes" | "headers"> => ({
  bytes: REQUEST,
  headers: { "content-type": type },
});

const BODIES: Readonly<Record<string, SentBody>> = {
  "two keys twice": { bytes: and('"subject":"another","to":"first@example.com"'), ...refused },
  "a key twice with the same value": { bytes: and('"to":"ada@example.com"'), ...refused },
  "a key twice, once spelt with escapes": { bytes: and('"\\u0074o":"first@example.com"'), ...refused },
  "a key twice in a label": { bytes: and('"metadata":{"a":"b","a":"c"}'), ...refused },
  "a key that stands in a text as well": { bytes: and('"metadata":{"a":"\\"to\\": \\\\"}'), ...fine },
  "__proto__ with a recipient": {
    bytes: and('"__proto__":{"bcc":"evil@example.test"}'),
    expected: [400, "BODY_MALFORMED"],
    onTopic: "REQUEST_INVALID",
  },
  "__proto__ spelt with escapes": {
    bytes: and('"\\u005f_proto__":{"bcc":"evil@example.test"}'),
    expected: [400, "BODY_MALFORMED"],
    onTopic: "REQUEST_INVALID",
  },
  "constructor.prototype": {
    bytes: and('"constructor":{"prototype":{"bcc":"evil@example.test"}}'),
    expected: [400, "BODY_MALFORMED"],
    onTopic: "REQUEST_INVALID",
  },
  constructor: { bytes: and('"constructor":"x"'), ...invalid },
  prototype: { bytes: and('"prototype":{"bcc":"evil@example.test"}'), ...invalid },
  "__proto__ in metadata": {
    bytes: and('"metadata":{"__proto__":"x"}'),
    expected: [400, "BODY_MALFORMED"],
    onTopic: "REQUEST_INVALID",
  },
  "__proto__ in an array of recipients": {
    bytes: and('"cc":[{"__proto__":"x"}]'),
    expected: [400, "BODY_MALFORMED"],
    onTopic: "REQUEST_INVALID",
  },
  "labels that are called like methods": {
    bytes: and('"metadata":{"constructor":"a","toString":"b","hasOwnProperty":"c","prototype":"d"}'),
    ...fine,
  },
  "400,000 arrays in each other": { bytes: deep("[", "]"), ...refused },
  "400,000 arrays in a recipient": { bytes: and(`"cc":${deep("[", "]")}`), ...invalid },
  "400,000 objects in a label": { bytes: and(`"metadata":{"a":${deep('{"a":', "}")}}`), ...invalid },
  "400,000 objects in an unknown field": { bytes: and(`"x":${deep('{"a":', "}")}`), ...invalid },
  "400,000 objects that do not end": { bytes: '{"a":'.repeat(400_000), ...refused },
  "a number for a text": { bytes: and('"html":1e999'), ...invalid },
  "an object for a text": { bytes: REQUEST.replace('"Text."', "{}"), ...invalid },
  "null for every field": { bytes: '{"to":null,"subject":null,"message":null,"cc":null,"metadata":null}', ...invalid },
  "a number alone": { bytes: "1", ...refused },
  NaN: { bytes: REQUEST.replace('"Text."', "NaN"), ...refused },
  "a comma too many": { bytes: REQUEST.replace("}", ",}"), ...refused },
  "single quotes": { bytes: REQUEST.replaceAll('"', "'"), ...refused },
  "a comment": { bytes: and("/**/"), ...refused },
  "a NUL behind it": { bytes: `${REQUEST}\0`, ...refused },
  "a raw line break in a text": { bytes: REQUEST.replace("Text.", "Te\nxt."), ...refused },
  "UTF-8 with a mark at its start": { bytes: `\ufeff${REQUEST}`, ...fine },
  "two marks at its start": { bytes: `\ufeff\ufeff${REQUEST}`, expected: [201], onTopic: "MESSAGE_MALFORMED" },
  "UTF-16, little end first": { bytes: Buffer.from(REQUEST, "utf16le"), ...refused },
  "UTF-16 with a mark": { bytes: Buffer.from(`\ufeff${REQUEST}`, "utf16le"), ...refused },
  "UTF-16, big end first": { bytes: Buffer.from(`\ufeff${REQUEST}`, "utf16le").swap16(), ...refused },
  "Latin-1": { bytes: Buffer.from(REQUEST, "latin1"), ...refused },
  "Latin-1 that says so": {
    bytes: Buffer.from(REQUEST, "latin1"),
    headers: { "content-type": "application/json; charset=iso-8859-1" },
    expected: [400, "BODY_MALFORMED"],
  },
  "UTF-16 that says so": {
    bytes: Buffer.from(REQUEST, "utf16le"),
    headers: { "content-type": "application/json; charset=utf-16le" },
    expected: [400, "BODY_MALFORMED"],
  },
  "a charset that JSON does not have, and text that is the same in it": {
    bytes: REQUEST.replace("Grüße", "Gr\\u00fc\\u00dfe"),
    headers: { "content-type": "application/json; charset=iso-8859-1" },
    expected: [201],
  },
  "an overlong NUL": { bytes: Buffer.from(REQUEST.replace("Text.", "\xc0\x80"), "latin1"), ...refused },
  "half a surrogate pair in UTF-8": {
    bytes: Buffer.from(REQUEST.replace("Grüße", "\xed\xa0\x80"), "latin1"),
    ...refused,
  },
  "a character that is cut off": {
    bytes: Buffer.from(REQUEST.replace("Text.", "\xe2\x82").replaceAll(/[üß]/g, "u"), "latin1"),
    ...refused,
  },
  "a character beyond Unicode": {
    bytes: Buffer.from(REQUEST.replace("Text.", "\xf4\x90\x80\x80").replaceAll(/[üß]/g, "u"), "latin1"),
    ...refused,
  },
  "half a surrogate pair as an escape": { bytes: REQUEST.replace("Text.", "\\ud83d"), ...invalid },
  "a body at the limit": { bytes: padded(LIMIT_BYTES), ...fine },
  "a body over the limit": { bytes: padded(LIMIT_BYTES + 1), expected: [413, "BODY_TOO_LARGE"] },
  "no body": { bytes: "", ...refused },
  "blanks alone": { bytes: " \n\t ", ...refused },
  "a body in gzip": {
    bytes: gzipSync(REQUEST),
    headers: { "content-encoding": "gzip" },
    expected: [415, "MEDIA_TYPE_UNSUPPORTED"],
  },
  "64 MB of zeros in gzip": {
    bytes: gzipSync(Buffer.alloc(64 * 1024 * 1024)),
    headers: { "content-encoding": "gzip" },
    expected: [415, "MEDIA_TYPE_UNSUPPORTED"],
  },
  "a body in br": {
    bytes: brotliCompressSync(REQUEST),
    headers: { "content-encoding": "br" },
    expected: [415, "MEDIA_TYPE_UNSUPPORTED"],
  },
  "a plain body that says gzip": {
    bytes: REQUEST,
    headers: { "content-encoding": "gzip" },
    expected: [415, "MEDIA_TYPE_UNSUPPORTED"],
  },
  "gzip that does not say so": { bytes: gzipSync(REQUEST), ...refused },
  "application/json in capitals": { ...typed("APPLICATION/JSON"), expected: [201] },
  "application/json with an odd parameter": { ...typed("application/json; x=y"), expected: [201] },
  "text/json": { ...typed("text/json"), expected: [415, "MEDIA_TYPE_UNSUPPORTED"] },
  "application/json-patch+json": { ...typed("application/json-patch+json"), expected: [415, "MEDIA_TYPE_UNSUPPORTED"] },
  "application/problem+json": { ...typed("application/problem+json"), expected: [415, "MEDIA_TYPE_UNSUPPORTED"] },
  "two types in one": { ...typed("application/json, text/plain"), expected: [415, "MEDIA_TYPE_UNSUPPORTED"] },
  "application/jsonx": { ...typed("application/jsonx"), expected: [415, "MEDIA_TYPE_UNSUPPORTED"] },
  "application/x-www-form-urlencoded": {
    ...typed("application/x-www-form-urlencoded"),
    expected: [415, "MEDIA_TYPE_UNSUPPORTED"],
  },
  "a type that is none": { ...typed("json"), expected: [415, "MEDIA_TYPE_UNSUPPORTED"] },
};

describe("bodies that are wrong as bytes, as JSON or as a type", { timeout: 120_000 }, () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack();
  });
  after(() => stack.finish());

  for (const [what, { bytes, headers = {}, expected, onTopic }] of Object.entries(BODIES)) {
    it(what, async () => {
      const answer = await fetch(`${stack.apiUrl}/v1/drafts`, {
        method: "POST",
        headers: { "content-type": "application/json", prefer: "wait=30", ...headers },
        body: typeof bytes === "string" ? bytes : new Uint8Array(bytes),
      });
      const body = (await answer.json()) as AnswerBody;
      assert.deepEqual([answer.status, ...(answer.status < 400 ? [] : [body.code])], expected, JSON.stringify(body));
      if (answer.status === 201) await assertGreeting(body.draftId);
      else assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
      if (body.code === "REQUEST_INVALID") assert.ok(body.errors.length > 0);

      if (onTopic === undefined) return;
      const view = await stack.settled(await publish(bytes));
      assert.equal(view.status === "created" ? "created" : view.problem?.code, onTopic);
      if (view.status === "created") await assertGreeting(view.draftId);
    });
  }

  /** The one request that all of these are about has reached the draft as it was meant. */
  async function assertGreeting(draftId: string | null): Promise<void> {
    const raw =
      stack.google
        .drafts("ada@example.com")
        .find(({ id }) => id === draftId)
        ?.raw.toString("latin1") ?? "";
    assert.match(raw, /^To: ada@example\.com\r$/m);
    assert.match(raw, /^Subject: =\?UTF-8\?Q\?Gr=C3=BC=C3=9Fe\?=\r$/m);
    assert.doesNotMatch(raw, /evil|^b?cc:/im);
  }

  async function publish(bytes: string | Buffer): Promise<string> {
    const message = { data: Buffer.from(bytes).toString("base64"), attributes: { source: "hostile" } };
    const answer = await fetch(`${stack.pubsubUrl}/v1/projects/${stack.project}/topics/draft-requests:publish`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages: [message] }),
    });
    assert.equal(answer.status, 200);
    return ((await answer.json()) as { messageIds: [string] }).messageIds[0];
  }

  it("tells a sender of 8 to 40 MB, who is still writing, that it is too much", async () => {
    for (let megabytes = 9; megabytes <= 40; megabytes += 1) {
      const answer = await fetch(`${stack.apiUrl}/v1/drafts`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: padded(megabytes * 1024 * 1024),
      });
      assert.equal(answer.status, 413, `${megabytes} MB`);
      assert.equal(((await answer.json()) as AnswerBody).code, "BODY_TOO_LARGE");
    }
  });

  it("has not harmed the services", async () => {
    const faults = stack.events.filter(({ severity, code }) => severity === "ERROR" || code === "INTERNAL");
    assert.deepEqual(faults, []);
    assert.equal((await fetch(`${stack.apiUrl}/health/ready`)).status, 200);
  });
});
