import assert from "node:assert/strict";
import { it } from "node:test";
import { startTestStack } from "../support/local-stack.ts";

const ALONE_FOR_MS = 600_000;
const THROTTLED = 60;
const OTHERS = 3;

it("a mailbox that Gmail wants left alone keeps no other of its batch waiting, and costs no delivery attempt", {
  timeout: 60_000,
}, async () => {
  const stack = await startTestStack();
  const [throttled, other] = ["throttled@example.com", "other@example.com"];
  const settled = () => stack.events.filter(({ message }) => message === "draft.settled");
  try {
    const refusal = { kind: "answer", error: "retryAfter", retryAfterMs: ALONE_FOR_MS } as const;
    stack.google.faults.next("drafts.create", 10_000, refusal, throttled);
    const item = (mailbox: string) => ({ mailbox, to: "ada@example.test", subject: "Offer", message: "Text." });
    // More than the mailbox has keys, which is more than Pub/Sub's first window.
    const items = [...Array(THROTTLED).fill(item(throttled)), ...Array(OTHERS).fill(item(other))];
    const { body } = await stack.post("/v1/batches", { items });
    const { results } = body as unknown as { results: { id: string }[] };
    const behind = await Promise.all(results.slice(THROTTLED).map(({ id }) => stack.settled(id)));
    assert.deepEqual(
      behind.map(({ status }) => status),
      Array(OTHERS).fill("created"),
    );
    const creates = stack.google.calls.list().filter(({ operation }) => operation === "drafts.create");
    assert.equal(creates.filter(({ mailbox }) => mailbox === throttled).length, 1, "Retry after is a lower bound");
    assert.equal(settled().filter(({ outcome }) => outcome === "handed-back").length, 20, "the others are held");
  } finally {
    await stack.finish();
  }
  // The end of the worker, too: those that it held are in the topic again.
  assert.deepEqual(
    settled().filter(({ status }) => status !== 204),
    [],
  );
  assert.ok(settled().filter(({ outcome }) => outcome === "handed-back").length > 20, "none was held");
});
