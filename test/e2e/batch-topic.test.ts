import assert from "node:assert/strict";
import { it } from "node:test";
import { BATCH_SUBSCRIPTION, DRAFTS_SUBSCRIPTION } from "@draftmill/local/topics.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const WINDOW = 5;
const WITHIN_MS = 60_000;
const CALL_MS = 20_000;
const LEFT_ALONE_MS = 600_000;
/** So many of a mailbox are handed back at first; then each is held. */
const HANDED_BACK = 20;
/** In one call eight of them share an ordering key, which has one push out: enough keys for the window and two to spare. */
const THROTTLED = 8 * (WINDOW + 2);

const item = (mailbox: string) => ({ mailbox, to: "ada@example.test", subject: "Offer", message: "Text." });

/** A stack of which each push tells its message and subscription. */
async function startWatched(environment: Readonly<Record<string, string>> = {}) {
  const pushed = new Map<string, string>();
  const stack = await startTestStack({
    environment,
    pubsub: {
      pushWindow: { initial: WINDOW, max: WINDOW },
      log: (event, { messageId, subscription }) => {
        if (event === "pubsub.push") pushed.set(String(messageId), String(subscription).split("/").at(-1) ?? "");
      },
    },
  });
  /** Which subscriptions the deliveries of these requests were of, in turn. */
  const waysOf = async (ids: readonly string[]): Promise<readonly string[]> => {
    const settled = stack.events.filter(
      ({ message, requestId }) => message === "draft.settled" && ids.includes(String(requestId)),
    );
    const ways: string[] = [];
    for (const { messageId } of settled) {
      // The worker tells its end of a delivery before Pub/Sub has the answer.
      while (!pushed.has(String(messageId))) await new Promise(setImmediate);
      ways.push(pushed.get(String(messageId)) ?? "");
    }
    return ways;
  };
  const batch = async (items: readonly object[]): Promise<readonly string[]> => {
    const { body } = await stack.post("/v1/batches", { items });
    return (body as unknown as { results: readonly { id: string }[] }).results.map(({ id }) => id);
  };
  return { stack, waysOf, batch };
}

async function deliveriesInFlight({ worker }: TestStack): Promise<number> {
  const answer = await fetch(`${worker.url}/metrics`, { signal: AbortSignal.timeout(CALL_MS) });
  return Number(/^draftmill_deliveries_in_flight (\d+)$/m.exec(await answer.text())?.[1]);
}

it("a request that comes alone is made while a batch has the whole window of its topic; its replay goes by that topic", {
  timeout: WITHIN_MS,
}, async ({ signal }) => {
  const { stack, waysOf, batch } = await startWatched();
  const settledOf = (outcome: string) => stack.events.filter((event) => event.outcome === outcome);
  try {
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, "replayed@example.com");
    const { id: replayed } = (await stack.post("/v1/drafts", item("replayed@example.com"))).body;
    assert.equal((await stack.settled(replayed)).status, "failed");
    await stack.idle(AbortSignal.timeout(CALL_MS));
    assert.equal((await stack.post("/v1/replays", { filter: { mailbox: "replayed@example.com" } })).status, 202);
    await stack.logged(
      ({ message, requestId, outcome }) =>
        outcome === "created" && requestId === replayed && message === "draft.settled",
    );
    assert.deepEqual(await waysOf([replayed]), [DRAFTS_SUBSCRIPTION, BATCH_SUBSCRIPTION]);

    const refusal = { kind: "answer", error: "retryAfter", retryAfterMs: LEFT_ALONE_MS } as const;
    stack.google.faults.next("drafts.create", THROTTLED, refusal, "throttled@example.com");
    const ids = await batch(Array.from({ length: THROTTLED }, () => item("throttled@example.com")));
    await stack.logged((event) => event === settledOf("handed-back")[HANDED_BACK - 1]);
    while ((await deliveriesInFlight(stack)) < WINDOW) signal.throwIfAborted();

    const alone = await stack.post("/v1/drafts", item("alone@example.com"), { prefer: "wait=20" });
    assert.equal(alone.body.status, "created");
    assert.equal(await deliveriesInFlight(stack), WINDOW, "the batch has its window still");
    assert.deepEqual([...new Set(await waysOf(ids))], [BATCH_SUBSCRIPTION]);
    assert.deepEqual(await waysOf([alone.body.id]), [DRAFTS_SUBSCRIPTION]);
  } finally {
    await stack.finish();
  }
});

it("without BATCH_TOPIC a batch and its replay go by the requests' topic", { timeout: WITHIN_MS }, async () => {
  const { stack, waysOf, batch } = await startWatched({ BATCH_TOPIC: "" });
  try {
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, "replayed@example.com");
    const ids = await batch([item("replayed@example.com")]);
    for (const id of ids) assert.equal((await stack.settled(id)).status, "failed");
    await stack.pubsub?.idle(DRAFTS_SUBSCRIPTION, AbortSignal.timeout(CALL_MS));
    assert.equal((await stack.post("/v1/replays", { filter: { mailbox: "replayed@example.com" } })).status, 202);
    await stack.logged(({ message, outcome }) => outcome === "created" && message === "draft.settled");
    assert.deepEqual(await waysOf(ids), [DRAFTS_SUBSCRIPTION, DRAFTS_SUBSCRIPTION]);
    await assert.rejects(async () => stack.pubsub?.idle(BATCH_SUBSCRIPTION), /0 subscriptions/);
  } finally {
    await stack.finish();
  }
});
