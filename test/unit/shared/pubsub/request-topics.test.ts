import assert from "node:assert/strict";
import { test } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { topicPublishers } from "@draftmill/shared/pubsub/request-topics.ts";
import { openTopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";

const CALL_TIMEOUT_MS = 10_000;
const MESSAGES = [
  { id: "alone" },
  { id: "of-a-batch", batch: "b-1" },
  { id: "replayed", replay: "r-1", generation: "1" },
  { id: "published-again", generation: "1" },
  { id: "of-a-batch-and-replayed", batch: "b-1", replay: "r-1" },
];

for (const { what, hasOwn, arrived } of [
  {
    what: "with a topic of their own batches and replays go by it, everything else by the requests' topic",
    hasOwn: true,
    arrived: [
      ["alone", "published-again"],
      ["of-a-batch", "replayed", "of-a-batch-and-replayed"],
    ],
  },
  {
    what: "without one everything goes by the requests' topic",
    hasOwn: false,
    arrived: [MESSAGES.map(({ id }) => id), []],
  },
] as const) {
  test(`${what}, one by one and in one call; closing waits for all that is under way`, async (t) => {
    const pubsub = await startPubsub({ statePath: ":memory:", signer: await createIdTokenSigner() });
    t.after(() => pubsub.close());
    const call = async (method: string, path: string, body: unknown): Promise<unknown> => {
      const answer = await fetch(`${pubsub.url}/v1/projects/demo/${path}`, {
        method,
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      assert.ok(answer.ok, `${answer.status}`);
      return answer.json();
    };
    for (const name of ["requests", "batches"]) {
      await call("PUT", `topics/${name}`, {});
      await call("PUT", `subscriptions/${name}`, { topic: `projects/demo/topics/${name}` });
    }
    const open = (topic: string) =>
      openTopicPublisher({
        topic,
        projectId: "demo",
        emulatorHost: pubsub.hostPort,
        ordered: true,
        timeoutMs: CALL_TIMEOUT_MS,
      });
    const topics = topicPublishers(await open("requests"), hasOwn ? await open("batches") : null);
    const messages = MESSAGES.map((attributes) => ({ data: Buffer.from("{}"), attributes }));
    const inOneCall = topics.publishAll(
      messages.map(({ data, attributes }) => ({
        data,
        attributes: { ...attributes, id: `${attributes.id}, in a call` },
      })),
    );
    const publishing = messages.map((message) => topics.publish(message));
    await topics.close();
    assert.equal(new Set(await Promise.all(publishing)).size, MESSAGES.length);
    await inOneCall;
    const idsIn = async (name: string): Promise<readonly string[]> => {
      const pulled = await call("POST", `subscriptions/${name}:pull`, { maxMessages: 100, returnImmediately: true });
      const { receivedMessages = [] } = pulled as {
        receivedMessages?: { message: { attributes: { id: string } } }[];
      };
      return receivedMessages.map(({ message }) => message.attributes.id);
    };
    const twice = arrived.map((ids) => ids.flatMap((id) => [id, `${id}, in a call`]).sort());
    assert.deepEqual([(await idsIn("requests")).toSorted(), (await idsIn("batches")).toSorted()], twice);
  });
}
