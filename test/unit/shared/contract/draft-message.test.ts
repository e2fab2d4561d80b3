import assert from "node:assert/strict";
import { test } from "node:test";
import { type DraftMessage, decodeDraftMessage, encodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { idFromDedupeKey } from "@draftmill/shared/contract/request-id.ts";
import type { ErrorCode } from "@draftmill/shared/error-codes.ts";

const MAILBOX = "rep@corp.example";
const REQUEST = { to: "ada@example.com", subject: "Hello", message: "Text." };

function pushed(data: string | Uint8Array, attributes: Record<string, string> = {}): PushedMessage {
  return {
    messageId: "1234567890",
    publishTime: "2026-11-22T09:30:00Z",
    data: Buffer.from(data),
    attributes,
    orderingKey: null,
    deliveryAttempt: 1,
    subscription: "projects/demo/subscriptions/draft-requests-push",
  };
}

function decoded(body: unknown, attributes?: Record<string, string>): DraftMessage {
  const result = decodeDraftMessage(pushed(JSON.stringify(body), attributes), MAILBOX);
  assert.ok(result.ok, JSON.stringify(result));
  return result.message;
}

function refused(data: string | Uint8Array, attributes?: Record<string, string>): { id: string; code: ErrorCode } {
  const result = decodeDraftMessage(pushed(data, attributes), MAILBOX);
  assert.ok(!result.ok, "it was read");
  return { id: result.id, code: result.error.code };
}

test("a bare message is known by Pub/Sub's messageId", () => {
  const { id, caller, batch, traceparent, request } = decoded(REQUEST);
  assert.deepEqual(
    { id, caller, batch, traceparent },
    { id: "1234567890", caller: null, batch: null, traceparent: undefined },
  );
  assert.equal(request.mailbox, MAILBOX);
});

test("an id that is given is kept, before any that could be derived", () => {
  assert.equal(decoded({ ...REQUEST, dedupeKey: "k" }, { id: "order-17:a.b_c" }).id, "order-17:a.b_c");
});

for (const id of ["", " ", "-", "a b", "a/b", "é", "../x", "x".repeat(129), "a\nb"]) {
  test(`the unusable id ${JSON.stringify(id).slice(0, 20)} counts as none`, () => {
    assert.equal(decoded(REQUEST, { id }).id, "1234567890");
    assert.equal(decoded({ ...REQUEST, dedupeKey: "k" }, { id }).id, idFromDedupeKey(MAILBOX, "k"));
  });
}

test("a dedupeKey means the same in the body and in an attribute: one id, one fingerprint, on the record in both", () => {
  const inBody = decoded({ ...REQUEST, dedupeKey: "order-17" });
  for (const message of [
    decoded(REQUEST, { dedupeKey: "order-17" }),
    decoded({ ...REQUEST, dedupeKey: "" }, { dedupeKey: "order-17" }),
    decoded({ ...REQUEST, dedupeKey: "order-17" }, { dedupeKey: "another" }),
  ]) {
    assert.deepEqual(message, inBody);
  }
  assert.equal(inBody.id, idFromDedupeKey(MAILBOX, "order-17"));
  assert.equal(inBody.request.dedupeKey, "order-17");
});

test("a dedupeKey in an attribute is under the body's rules", () => {
  assert.equal(refused(JSON.stringify(REQUEST), { dedupeKey: "k".repeat(256) }).code, "REQUEST_INVALID");
  assert.equal(refused(JSON.stringify(REQUEST), { dedupeKey: "a\nb" }).code, "REQUEST_INVALID");
  assert.equal(decoded(REQUEST, { dedupeKey: "" }).id, "1234567890");
});

test("a dedupeKey belongs to its mailbox, however that is spelled or defaulted", () => {
  const key = { ...REQUEST, dedupeKey: "k" };
  assert.equal(decoded(key).id, decoded({ ...key, mailbox: "REP@corp.example" }).id);
  assert.notEqual(decoded(key).id, decoded({ ...key, mailbox: "other@corp.example" }).id);
});

test("reads a byte order mark, as Windows tools write it", () => {
  const result = decodeDraftMessage(pushed(`\ufeff${JSON.stringify(REQUEST)}`), MAILBOX);
  assert.ok(result.ok);
});

const NOT_OBJECTS: readonly (readonly [string, string | Uint8Array])[] = [
  ["nothing", ""],
  ["null", "null"],
  ["a number", "17"],
  ["a text", '"to"'],
  ["a boolean", "true"],
  ["an array", "[]"],
  ["half an object", '{"to":'],
  ["two objects", "{}{}"],
  ["bytes that are not UTF-8", Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d)],
  ["UTF-16", Buffer.from(`\ufeff${JSON.stringify(REQUEST)}`, "utf16le")],
  ["a surrogate encoded as UTF-8", Uint8Array.of(0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d)],
];

for (const [what, data] of NOT_OBJECTS) {
  test(`${what}: malformed, under the id that the sender looks for`, () => {
    assert.deepEqual(refused(data), { id: "1234567890", code: "MESSAGE_MALFORMED" });
    assert.deepEqual(refused(data, { id: "mine" }), { id: "mine", code: "MESSAGE_MALFORMED" });
  });
}

test("a request that breaks the rules: invalid, with one sentence for all of them", () => {
  const result = decodeDraftMessage(pushed('{"to":"nobody","subject":"s"}', { id: "mine" }), null);
  assert.ok(!result.ok);
  assert.equal(result.id, "mine");
  assert.equal(
    result.error.reason,
    "mailbox is missing and the service has no default (GMAIL_USER); to is not an address of the form name@domain; give at least one of message and html",
  );
  assert.equal(result.error.fields.length, 3);
});

test("what a publisher encodes comes back as it was, attributes included", () => {
  const json = JSON.stringify({ ...REQUEST, subject: "Zoë 👍 {{projectId}}" });
  const { data, attributes } = encodeDraftMessage(
    json,
    { id: "a", caller: "c@x.example", batch: "b", traceparent: "t" },
    null,
  );
  assert.equal(data, json);
  assert.deepEqual(attributes, { id: "a", caller: "c@x.example", batch: "b", traceparent: "t" });
  const result = decodeDraftMessage(pushed(data, { ...attributes }), MAILBOX);
  assert.ok(result.ok);
  assert.equal(result.message.request.subject, "Zoë 👍 {{projectId}}");
  assert.equal(result.message.caller, "c@x.example");
});
