import assert from "node:assert/strict";
import { it } from "node:test";
import { pushOf, startSurroundings, startWorkerProcess } from "./worker-under-test.ts";

const FORWARDED_ID = "9999999999";

it("a message without an id, whose worker died at it, is known again when Pub/Sub gives it up", {
  timeout: 60_000,
}, async (t) => {
  const surroundings = await startSurroundings();
  t.after(() => surroundings.lifecycle.close());
  const { google } = surroundings;
  const lease = { CLAIM_LEASE_MS: "3000", GOOGLE_TIMEOUT_MS: "500" };
  const push = { ...pushOf({ to: "a@example.com", subject: "s", message: "m" }), deliveryAttempt: 2 };

  const first = await startWorkerProcess(surroundings, lease);
  google.faults.next("token", 1, { kind: "stall", ms: 20_000 });
  const unanswered = first.push(push);
  while (google.faults.pending().length > 0) await new Promise((turn) => setImmediate(turn));
  process.kill(first.pid, "SIGKILL");
  await assert.rejects(unanswered);
  await first.exited;

  const second = await startWorkerProcess(surroundings, lease);
  t.after(() => second.stop());
  const { data, publishTime } = push.message;
  const attributes = {
    CloudPubSubDeadLetterSourceDeliveryCount: "100",
    CloudPubSubDeadLetterSourceSubscription: "draft-requests-push",
    CloudPubSubDeadLetterSourceTopicPublishTime: publishTime,
  };
  const answer = await fetch(`${second.url}/dead-letters`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${await second.token()}` },
    body: JSON.stringify({
      ...push,
      subscription: "projects/demo/subscriptions/draft-requests-dead-letter-push",
      message: { messageId: FORWARDED_ID, data, publishTime, attributes },
    }),
    signal: AbortSignal.timeout(30_000),
  });
  assert.equal(answer.status, 204);
  const settled = second.events.find(({ message }) => message === "dead-letter.settled");
  assert.deepEqual([settled?.requestId, settled?.outcome], [push.message.messageId, "recorded"]);
});
