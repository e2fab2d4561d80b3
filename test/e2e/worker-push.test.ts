import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "a@example.test", subject: "Hello", message: "Text." };
/** What Pub/Sub takes in one message (https://cloud.google.com/pubsub/quotas#resource_limits). */
const MESSAGE_BYTES_MAX = 10_000_000;

describe("what Pub/Sub pushes becomes a draft or a dead letter", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let mailboxes = 0;
  before(async () => {
    stack = await startTestStack({
      pubsub: { pushBackoff: false },
      retry: { minimumBackoff: "0.05s", maximumBackoff: "0.5s" },
    });
  });
  after(() => stack.finish());

  const newMailbox = (): string => {
    mailboxes += 1;
    return `push${mailboxes}@example.com`;
  };
  const requestFor = (mailbox: string): string => JSON.stringify({ ...REQUEST, mailbox });
  const deliveriesOf = (messageId: string) =>
    stack.events.filter((event) => event.message === "draft.settled" && event.messageId === messageId);

  for (const fault of [
    "missing",
    "bad-signature",
    "wrong-audience",
    "wrong-email",
    "wrong-issuer",
    "expired",
    "email-not-verified",
  ] as const) {
    it(`a token that is ${fault} is refused, and the next push makes the draft`, async () => {
      const mailbox = newMailbox();
      const refused = stack.events.filter(({ message }) => message === "push.refused").length;
      stack.pubsub?.faults.token(fault, 1, "draft-requests-push");
      const messageId = await stack.publish(requestFor(mailbox));
      assert.equal((await stack.settled(messageId)).status, "created");
      assert.equal(stack.google.drafts(mailbox).length, 1);
      const events = stack.events.filter(({ message }) => message === "push.refused").slice(refused);
      assert.deepEqual(
        events.map(({ code }) => code),
        ["PUSH_UNVERIFIED"],
      );
      assert.deepEqual(
        deliveriesOf(messageId).map(({ deliveryAttempt }) => deliveryAttempt),
        [2],
      );
    });
  }

  for (const how of ["at-once", "in-turn"] as const) {
    it(`a message that is delivered twice (${how}) makes one draft`, async () => {
      const mailbox = newMailbox();
      stack.pubsub?.faults.duplicate(1, how, "draft-requests-push");
      const messageId = await stack.publish(requestFor(mailbox));
      await stack.settled(messageId);
      await stack.pubsub?.idle("draft-requests-push");
      assert.equal(deliveriesOf(messageId).length, 2);
      assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
    });
  }

  it("an answer that gets lost on its way back to Pub/Sub makes no second draft", async () => {
    const mailbox = newMailbox();
    stack.pubsub?.faults.dropAnswers(1, "draft-requests-push");
    const messageId = await stack.publish(requestFor(mailbox));
    await stack.settled(messageId);
    await stack.pubsub?.idle("draft-requests-push");
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
  });

  it("attributes of any name make no difference", async () => {
    const mailbox = newMailbox();
    const attributes = Object.fromEntries([
      ["constructor", "x"],
      ["prototype", "y"],
      ["{{projectId}}", "{{projectId}}"],
      ["ключ", "значение"],
    ]);
    assert.equal((await stack.settled(await stack.publish(requestFor(mailbox), attributes))).status, "created");
  });

  it("the largest message that Pub/Sub takes: a draft of all of it", async () => {
    const mailbox = newMailbox();
    // 3,000,000 characters of three bytes: the most that the schema lets through.
    const html = `<p>${"€".repeat(1_999_000)}</p>`;
    const data = JSON.stringify({ ...REQUEST, mailbox, html, message: "€".repeat(999_000) });
    assert.ok(Buffer.byteLength(data) > 8_900_000 && Buffer.byteLength(data) < MESSAGE_BYTES_MAX);
    const view = await stack.settled(await stack.publish(data));
    assert.equal(view.status, "created", JSON.stringify(view.problem));
    const [draft] = stack.google.drafts(mailbox);
    assert.ok((draft?.raw.length ?? 0) > 12_000_000, `${draft?.raw.length}`);
  });

  it("ten million bytes that are no request: a dead letter of all of them", async () => {
    // The dead letter needs room for its own attributes, which Pub/Sub counts as well.
    const data = "x".repeat(MESSAGE_BYTES_MAX - 4_096);
    const messageId = await stack.publish(data);
    const [letter] = await stack.pullDeadLetters(1);
    assert.equal(letter?.attributes.draftmillSourceMessageId, messageId);
    assert.equal(letter?.data, data);
  });

  it("a stop while a request waits for Gmail's quota: given back at once, nothing lost, nothing twice", async () => {
    const mailbox = newMailbox();
    const refusal = { kind: "answer", error: "retryAfter", retryAfterMs: 300_000 } as const;
    stack.google.faults.next("drafts.create", 1, refusal, mailbox);
    const messageId = await stack.publish(requestFor(mailbox));
    while (stack.google.calls.count("drafts.create", mailbox) === 0) await turn();
    const startedMs = performance.now();
    await stack.worker.stop();
    const tookMs = performance.now() - startedMs;
    assert.ok(tookMs < 5_000, `${Math.round(tookMs)} ms`);
    const [heldDelivery] = deliveriesOf(messageId);
    assert.deepEqual([heldDelivery?.status, heldDelivery?.outcome], [204, "handed-back"]);
    assert.equal(heldDelivery?.code, "GMAIL_THROTTLED");
    assert.ok(stack.events.some(({ message }) => message === "worker.stopped"));
    await stack.worker.start();
    assert.equal((await stack.settled(messageId)).status, "created");
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });
});
