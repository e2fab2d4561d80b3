import type { TestStack } from "./local-stack.ts";

/** An event as a consumer reads it from a subscription. */
export interface ResultEvent {
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey: string | undefined;
  readonly event: CloudEvent;
}

export interface CloudEvent {
  readonly specversion: string;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A consumer of the events' topic, which keeps what it has received. */
export interface EventReader {
  /** Takes what is there now, waiting for nothing. */
  now(): Promise<readonly ResultEvent[]>;
  /** Everything that was received so far. */
  readonly received: readonly ResultEvent[];
  /** Pulls until the predicate holds of what was received. */
  until(holds: (received: readonly ResultEvent[]) => boolean): Promise<readonly ResultEvent[]>;
  /** Those about one request or batch, once there are so many. */
  about(subject: string, atLeast?: number): Promise<readonly CloudEvent[]>;
}

const CALL_TIMEOUT_MS = 20_000;

/** Subscribes to the topic; what was published before is not seen. */
export async function readEvents(
  { pubsubUrl, project }: Pick<TestStack, "pubsubUrl" | "project">,
  topic: string,
  subscription: string,
): Promise<EventReader> {
  const call = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${pubsubUrl}/v1/projects/${project}/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  await call("PUT", `subscriptions/${subscription}`, { topic: `projects/${project}/topics/${topic}` });
  const received: ResultEvent[] = [];
  const pull = async (returnImmediately = false): Promise<void> => {
    const { receivedMessages = [] } = (await call("POST", `subscriptions/${subscription}:pull`, {
      maxMessages: 100,
      returnImmediately,
    })) as {
      receivedMessages?: {
        ackId: string;
        message: { data: string; attributes: Record<string, string>; orderingKey?: string };
      }[];
    };
    if (receivedMessages.length === 0) return;
    const ackIds = receivedMessages.map(({ ackId }) => ackId);
    await call("POST", `subscriptions/${subscription}:acknowledge`, { ackIds });
    for (const { message } of receivedMessages) {
      received.push({
        attributes: message.attributes,
        orderingKey: message.orderingKey,
        event: JSON.parse(Buffer.from(message.data, "base64").toString("utf8")) as CloudEvent,
      });
    }
  };
  const until: EventReader["until"] = async (holds) => {
    while (!holds(received)) await pull();
    return received;
  };
  const those = (subject: string): readonly CloudEvent[] =>
    received.map(({ event }) => event).filter((event) => event.subject === subject);
  return {
    received,
    async now() {
      await pull(true);
      return received;
    },
    until,
    async about(subject, atLeast = 1) {
      await until(() => those(subject).length >= atLeast);
      return those(subject);
    },
  };
}
