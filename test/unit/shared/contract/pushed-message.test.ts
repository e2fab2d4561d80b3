import assert from "node:assert/strict";
import { test } from "node:test";
import { decodePush } from "@draftmill/shared/contract/pushed-message.ts";
import { DraftError } from "@draftmill/shared/errors.ts";

const SUBSCRIPTION = "projects/demo/subscriptions/draft-requests-push";

test("reads the fullest push that Pub/Sub sends", () => {
  const message = {
    data: Buffer.from("é").toString("base64"),
    messageId: "17",
    message_id: "17",
    publishTime: "2026-11-22T09:30:00.123Z",
    publish_time: "2026-11-22T09:30:00.123Z",
    attributes: { a: "b" },
    orderingKey: "rep@corp.example#3",
  };
  assert.deepEqual(decodePush({ message, subscription: SUBSCRIPTION, deliveryAttempt: 5, later: true }), {
    messageId: "17",
    publishTime: "2026-11-22T09:30:00.123Z",
    data: Buffer.from("é"),
    attributes: { a: "b" },
    orderingKey: "rep@corp.example#3",
    deliveryAttempt: 5,
    subscription: SUBSCRIPTION,
  });
});

test("reads the barest: no data, no attributes, no ordering key, no attempt", () => {
  const { data, ...rest } = decodePush({ message: { messageId: "17" }, subscription: SUBSCRIPTION });
  assert.equal(data.length, 0);
  assert.deepEqual(rest, {
    messageId: "17",
    publishTime: "",
    attributes: {},
    orderingKey: null,
    deliveryAttempt: null,
    subscription: SUBSCRIPTION,
  });
});

for (const [what, body] of [
  ["nothing", undefined],
  ["null", null],
  ["a request without its wrapping", { to: "a@example.com", subject: "s", message: "m" }],
  ["no message", { subscription: SUBSCRIPTION }],
  ["no subscription", { message: { messageId: "17" } }],
  ["no messageId", { message: { data: "" }, subscription: SUBSCRIPTION }],
  ["an empty messageId", { message: { messageId: "" }, subscription: SUBSCRIPTION }],
  ["a messageId that is a number", { message: { messageId: 17 }, subscription: SUBSCRIPTION }],
  ["data that is an object", { message: { messageId: "17", data: {} }, subscription: SUBSCRIPTION }],
  ["an attribute that is a number", { message: { messageId: "17", attributes: { a: 1 } }, subscription: SUBSCRIPTION }],
  ["an attempt that is a text", { message: { messageId: "17" }, subscription: SUBSCRIPTION, deliveryAttempt: "1" }],
] as const) {
  test(`${what} is not a push`, () => {
    assert.throws(
      () => decodePush(body),
      (error) => error instanceof DraftError && error.code === "PUSH_MALFORMED",
    );
  });
}
