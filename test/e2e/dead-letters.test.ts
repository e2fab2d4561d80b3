import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "a@example.test", subject: "Hello", message: "Text." };

describe("a message that can never become a draft becomes a dead letter", { timeout: 120_000 }, () => {
  let stack: TestStack;
  before(async () => {
    stack = await startTestStack();
  });
  after(() => stack.finish());

  const CASES = [
    { what: "text that is not JSON", data: "to: ada", code: "MESSAGE_MALFORMED", reason: /not a JSON object/ },
    { what: "a JSON array", data: "[]", code: "MESSAGE_MALFORMED", reason: /not a JSON object/ },
    {
      what: "an unknown field",
      data: JSON.stringify({ ...REQUEST, bbc: "x@example.test" }),
      code: "REQUEST_INVALID",
      reason: /no field "bbc"/,
    },
    {
      what: "a bad address",
      data: JSON.stringify({ ...REQUEST, to: "not an address" }),
      code: "REQUEST_INVALID",
      reason: /^to is not an address/,
    },
    {
      what: "a field of the wrong type",
      data: JSON.stringify({ ...REQUEST, subject: 17 }),
      code: "REQUEST_INVALID",
      reason: /subject must be string/,
    },
    {
      what: "a mailbox that is not on the list",
      data: JSON.stringify({ ...REQUEST, mailbox: "ceo@elsewhere.example" }),
      code: "MAILBOX_NOT_ALLOWED",
      reason: /may not be made in this mailbox/,
    },
  ] as const;

  for (const { what, data, code, reason } of CASES) {
    it(`${what}: acked, with code, reason and the original message`, async () => {
      const calls = stack.google.calls.list().length;
      const messageId = await stack.publish(data, { source: "crm" });
      const [letter] = await stack.pullDeadLetters(1);
      assert.ok(letter);
      assert.equal(letter.data, data);
      assert.equal(letter.attributes.draftmillCode, code);
      assert.match(letter.attributes.draftmillReason ?? "", reason);
      assert.equal(letter.attributes.draftmillSourceMessageId, messageId);
      assert.equal(letter.attributes.source, "crm");
      const settled = await stack.logged((event) => event.message === "draft.settled" && event.messageId === messageId);
      assert.equal(settled.status, 204);
      const view = await stack.settled(messageId);
      assert.equal(view.status, "failed");
      assert.equal(view.problem?.code, code);
      assert.equal(stack.google.calls.list().length, calls, "Google was asked");
    });
  }

  it("the record names each field at fault, also when the letter comes before the worker's own note", async () => {
    const data = JSON.stringify({ ...REQUEST, cc: "nobody", subject: 17 });
    const why = { draftmillCode: "REQUEST_INVALID", draftmillClass: "permanent", draftmillReason: "cut…" };
    await stack.publish(data, { id: "letter-first", ...why }, "draft-requests-dead-letter");
    const { problem } = await stack.settled("letter-first");
    assert.deepEqual(problem?.errors?.map(({ pointer }) => pointer).toSorted(), ["/cc", "/subject"]);
    assert.match(problem?.detail ?? "", /subject must be string/);
    await stack.pullDeadLetters(1);
  });

  it("an address that Gmail refuses: the reason is Gmail's", async () => {
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" });
    const { status, body } = await stack.post("/", REQUEST);
    assert.equal(status, 422);
    assert.equal(body.code, "RECIPIENT_REJECTED");
    const [letter] = await stack.pullDeadLetters(1);
    assert.equal(letter?.attributes.draftmillCode, "RECIPIENT_REJECTED");
  });

  it("another request under an id that is taken: told by its dead letter, the first one untouched", async () => {
    const first = await stack.publish(JSON.stringify(REQUEST), { id: "order-1" });
    assert.equal((await stack.settled("order-1")).status, "created");
    const second = await stack.publish(JSON.stringify({ ...REQUEST, subject: "Other" }), { id: "order-1" });
    const [letter] = await stack.pullDeadLetters(1);
    assert.equal(letter?.attributes.draftmillCode, "REQUEST_ID_REUSED");
    assert.equal(letter?.attributes.draftmillSourceMessageId, second);
    assert.notEqual(first, second);
    assert.equal((await stack.settled("order-1")).status, "created");
  });
});
