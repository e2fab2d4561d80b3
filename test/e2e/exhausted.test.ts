import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LogEvent } from "@draftmill/local/service-process.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "a@example.test", subject: "S", message: "M" };
const CALL_MS = 10_000;
const OVER_HTTP = "over-http@example.com";
const BARE = "bare@example.com";

/** Five attempts only, and quick ones: what Pub/Sub itself gives up comes to the worker as a dead letter. */
describe("what Pub/Sub gives up is on record, and can be taken up again", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let overHttp: string;
  let bare: string;
  before(async () => {
    stack = await startTestStack({
      environment: { CLAIM_LEASE_MS: "1200", GOOGLE_TIMEOUT_MS: "200" },
      maxDeliveryAttempts: 5,
      pubsub: { pushBackoff: false },
    });
    [overHttp, bare] = await Promise.all([
      exhaust(OVER_HTTP, async () => (await stack.post("/v1/drafts", { ...REQUEST, mailbox: OVER_HTTP })).body.id),
      exhaust(BARE, () => stack.publish(JSON.stringify({ ...REQUEST, mailbox: BARE }))),
    ]);
    stack.google.faults.clear();
  });
  after(() => stack.finish());

  const exhaust = async (mailbox: string, publish: () => Promise<string>): Promise<string> => {
    stack.google.faults.next("token", 1_000, { kind: "answer", error: "unavailable" }, mailbox);
    const id = await publish();
    const view = await stack.settled(id);
    assert.equal(view.status, "dead");
    assert.equal(view.problem?.code, "ATTEMPTS_EXHAUSTED");
    assert.match(view.problem?.detail ?? "", /gave up after 5 attempts on draft-requests-push/);
    return id;
  };
  const replayed = async (id: string, mailbox: string): Promise<void> => {
    await stack.post("/v1/replays", { filter: { mailbox } });
    for (;;) {
      const answer = await fetch(`${stack.apiUrl}/v1/drafts/${id}`, {
        headers: { prefer: "wait=5" },
        signal: AbortSignal.timeout(CALL_MS),
      });
      if (((await answer.json()) as { status: string }).status === "created") break;
    }
    assert.equal(stack.google.drafts(mailbox).length, 1);
  };

  it("a request that came over HTTP; its dead letter, should it come once more, ends nothing", async () => {
    const body = { ...REQUEST, mailbox: OVER_HTTP };
    const id = overHttp;
    await replayed(id, OVER_HTTP);
    const letter = {
      id,
      CloudPubSubDeadLetterSourceDeliveryCount: "5",
      CloudPubSubDeadLetterSourceSubscription: "draft-requests-push",
    };
    await stack.publish(JSON.stringify(body), letter, "draft-requests-dead-letter");
    const again = (event: LogEvent): boolean => event.message === "dead-letter.settled" && event.requestId === id;
    const settled = await stack.logged((event) => again(event) && event.outcome !== "recorded");
    assert.equal(settled.outcome, "stale");
    assert.equal((await stack.settled(id)).status, "created");
  });

  it("a bare message, known by the messageId that it has lost since", async () => {
    await replayed(bare, BARE);
  });

  it("another request under an id that is taken has a record of its own", async () => {
    const first = await stack.publish(JSON.stringify(REQUEST), { id: "taken-1" });
    assert.equal((await stack.settled("taken-1")).status, "created");
    const second = await stack.publish(JSON.stringify({ ...REQUEST, subject: "Other" }), { id: "taken-1" });
    const view = await stack.settled(`reused-${second}`);
    assert.deepEqual([view.status, view.problem?.code], ["failed", "REQUEST_ID_REUSED"]);
    assert.notEqual(first, second);
  });

  it("what somebody else puts on the dead-letter topic is on record too", async () => {
    const messageId = await stack.publish("not a letter", {}, "draft-requests-dead-letter");
    assert.equal((await stack.settled(messageId)).status, "dead");
  });
});
