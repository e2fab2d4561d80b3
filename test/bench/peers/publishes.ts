import { randomUUID } from "node:crypto";
import { openTopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";
import { PubSub } from "@google-cloud/pubsub";
import { draftJson, orderingKeyOf } from "../load/requests.ts";
import { type ClosedLoop, startClosedLoop } from "../measure/closed-loop.ts";
import { serveOrders } from "../measure/serve-orders.ts";

export interface PublishesSettings {
  readonly client: "documented" | "draftmill";
  /** Whether each message has its mailbox's ordering key: Pub/Sub takes no two keys in one publish. */
  readonly hasKeys: boolean;
  readonly pubsubHost: string;
  readonly width: number;
}

const MAILBOXES = 20;
const TIMEOUT_MS = 10_000;
let loop: ClosedLoop | null = null;
let publishes = 0;
let publish: (() => Promise<unknown>) | null = null;

/** Publishes and does nothing else: by @google-cloud/pubsub as documented, or by the product's own module. */
serveOrders({
  async start(given, counter) {
    const settings = given as PublishesSettings;
    publish ??= settings.client === "documented" ? documented(settings) : await draftmill(settings);
    loop = startClosedLoop(settings.width, publish, counter);
    return null;
  },
  async stop() {
    await loop?.stop();
    loop = null;
  },
});

function documented({ pubsubHost, hasKeys }: PublishesSettings): () => Promise<unknown> {
  const client = new PubSub({ projectId: "bench-project", apiEndpoint: pubsubHost, emulatorMode: true });
  const topic = client.topic("draft-requests", hasKeys ? { messageOrdering: true } : {});
  return () => {
    const n = publishes++;
    return topic.publishMessage({
      data: Buffer.from(draftJson(n, MAILBOXES)),
      attributes: { id: randomUUID() },
      ...(hasKeys ? { orderingKey: orderingKeyOf(n, MAILBOXES) } : {}),
    });
  };
}

async function draftmill({ pubsubHost, hasKeys }: PublishesSettings): Promise<() => Promise<unknown>> {
  const topic = await openTopicPublisher({
    topic: "draft-requests",
    projectId: "bench-project",
    emulatorHost: pubsubHost,
    ordered: hasKeys,
    timeoutMs: TIMEOUT_MS,
  });
  return () => {
    const n = publishes++;
    return topic.publish({
      data: Buffer.from(draftJson(n, MAILBOXES)),
      attributes: { id: randomUUID() },
      orderingKey: hasKeys ? orderingKeyOf(n, MAILBOXES) : null,
    });
  };
}
