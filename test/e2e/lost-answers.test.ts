import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "a@example.test", subject: "S", message: "M" };

describe("one request, one draft, whatever breaks on the way", { timeout: 180_000 }, () => {
  let stack: TestStack;
  let mailboxes = 0;
  before(async () => {
    stack = await startTestStack({ environment: { CLAIM_LEASE_MS: "3000", GOOGLE_TIMEOUT_MS: "500" } });
  });
  after(() => stack.finish());

  const newMailbox = (): string => {
    mailboxes += 1;
    return `user${mailboxes}@example.com`;
  };
  const submit = async (mailbox: string): Promise<string> =>
    (await stack.post("/v1/drafts", { ...REQUEST, mailbox })).body.id;

  const FAULTS = [
    ["503 after the draft was saved", { kind: "answer", error: "unavailable", after: true }],
    ["503 before it was saved", { kind: "answer", error: "unavailable" }],
    ["connection cut after the draft was saved", { kind: "drop", after: true }],
    ["connection cut before it was saved", { kind: "drop" }],
    ["no answer within the deadline, draft saved", { kind: "stall", ms: 900, after: true }],
    ["draft saved after the deadline", { kind: "stall", ms: 900 }],
  ] as const;

  for (const [what, fault] of FAULTS) {
    it(`${what}: one draft`, async () => {
      const mailbox = newMailbox();
      stack.google.faults.next("drafts.create", 1, fault, mailbox);
      const view = await stack.settled(await submit(mailbox));
      assert.equal(view.status, "created");
      assert.deepEqual(
        stack.google.drafts(mailbox).map(({ id }) => id),
        [view.draftId],
      );
    });
  }

  it("quota refused three times: waits, then one draft, and no delivery was spent", async () => {
    const mailbox = newMailbox();
    stack.google.faults.next("drafts.create", 3, { kind: "answer", error: "quotaExceeded" }, mailbox);
    const id = await submit(mailbox);
    assert.equal((await stack.settled(id)).status, "created");
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 4);
    assert.equal(stack.google.drafts(mailbox).length, 1);
    // The record may be read before the delivery has told of itself.
    await stack.logged((event) => event.message === "draft.settled" && event.requestId === id);
    const deliveries = stack.events.filter((event) => event.message === "draft.settled" && event.requestId === id);
    assert.deepEqual(
      deliveries.map(({ deliveryAttempt, outcome }) => ({ deliveryAttempt, outcome })),
      [{ deliveryAttempt: 1, outcome: "created" }],
    );
  });

  it("an access token that Gmail no longer takes: replaced once", async () => {
    const mailbox = newMailbox();
    await stack.settled(await submit(mailbox));
    stack.google.admin.expireTokens();
    assert.equal((await stack.settled(await submit(mailbox))).status, "created");
    assert.equal(stack.google.calls.count("token", mailbox), 2);
  });

  it("the worker killed between the draft and its record: the draft is found again, not made again", async () => {
    const mailbox = newMailbox();
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 400, after: true }, mailbox);
    const id = await submit(mailbox);
    while (stack.google.drafts(mailbox).length === 0) await new Promise((turn) => setImmediate(turn));
    const pid = stack.worker.pid();
    process.kill(pid, "SIGKILL");
    await stack.worker.restarted(pid);
    const view = await stack.settled(id);
    assert.equal(view.status, "created");
    assert.deepEqual(
      stack.google.drafts(mailbox).map(({ id }) => id),
      [view.draftId],
    );
    const settled = await stack.logged((event) => event.message === "draft.settled" && event.requestId === id);
    assert.equal(settled.found, true);
  });

  it("a message published while the worker is stopped: a draft once it is back", async () => {
    const mailbox = newMailbox();
    await stack.worker.stop();
    const messageId = await stack.publish(JSON.stringify({ ...REQUEST, mailbox }));
    assert.equal(stack.google.drafts(mailbox).length, 0);
    await stack.worker.start();
    assert.equal((await stack.settled(messageId)).status, "created");
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });
});
