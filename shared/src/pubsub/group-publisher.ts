import type { PublisherClient } from "@google-cloud/pubsub-api/build/src/v1/publisher_client.js";
import { publishSettings } from "./publish-settings.ts";
import type { OutgoingMessage, TopicPublisher, TopicPublisherOptions } from "./topic-publisher.ts";

/** https://cloud.google.com/pubsub/quotas#resource_limits: 1,000 messages and 10 MB in one publish. */
const MESSAGES_MAX = 1_000;
const BYTES_MAX = 9_000_000;
/** Publishes under way at once, of messages without an ordering key; one for each key, as their order demands. */
const UNDER_WAY_MAX = 8;
/** A further one is worth its cost to so many messages for each that is under way. */
const WORTH_ANOTHER = 8;

/**
 * After a publish of a key, before its next: whoever was answered asks again meanwhile. With 64 callers over 16 keys it makes four messages of
 * two and a half, and takes a quarter off their cost (measured). The library waits 5 ms before each.
 */
const GATHER_MS = 3;

/** The client library takes 200 ms of processor time to load and to read its protocol (measured). */
const OPEN_AFTER_MS = 100;

/** What @google-cloud/pubsub asks of its channel (6.3.0): silent connections are found out. */
const CHANNEL = {
  "grpc.max_metadata_size": 4 * 1024 * 1024,
  "grpc.keepalive_time_ms": 300_000,
  "grpc.keepalive_timeout_ms": 20_000,
};

/**
 * Publishes by group commit, straight over the library's own generated client: a message leaves at once, or else with all
 * that gather until a publish comes back. No timer before it, and none of the library's batches, whose copies of each message are most of
 * what a publish costs. All of one publish have one ordering key, as Pub/Sub demands; of a key one publish is under way, and when it
 * fails what waits behind it fails too.
 */
export function openGroupPublisher(options: TopicPublisherOptions): TopicPublisher {
  let opening: Promise<PublisherClient> | null = null;
  let topicName: Promise<string> | null = null;
  const open = (): Promise<PublisherClient> => {
    opening ??= openClient(options);
    return opening;
  };
  // Not at the start, half of which it would be, nor at the first request.
  const beforehand = setTimeout(open, OPEN_AFTER_MS).unref();
  const send = async (group: readonly Waiting[]): Promise<readonly string[]> => {
    const client = await open();
    topicName ??= nameOf(options, client).catch((error: unknown) => {
      topicName = null;
      throw error;
    });
    const topic = await topicName;
    const messages = group.map(({ message: { data, attributes, orderingKey } }) => ({
      data,
      attributes,
      ...(orderingKey ? { orderingKey } : {}),
    }));
    const [{ messageIds }] = await client.publish({ topic, messages }, publishSettings(options.timeoutMs));
    return messageIds ?? [];
  };
  const lanes = new Map<string, Lane>();
  const underWay = new Set<Promise<string>>();

  const enqueue = (message: OutgoingMessage): Promise<string> =>
    new Promise((resolve, reject) => {
      const key = message.orderingKey ?? "";
      let lane = lanes.get(key);
      if (lane === undefined) {
        lane = new Lane(send, key === "" ? UNDER_WAY_MAX : 1, () => lanes.delete(key));
        lanes.set(key, lane);
      }
      lane.add(new Waiting(message, options.timeoutMs, resolve, reject));
    });

  return {
    async publish(message) {
      const publishing = enqueue(message);
      underWay.add(publishing);
      try {
        return await publishing;
      } finally {
        underWay.delete(publishing);
      }
    },
    async close() {
      clearTimeout(beforehand);
      await Promise.allSettled(underWay);
      await (await opening)?.close();
    },
  };
}

/** A message that is not acknowledged yet. Settled once, at the latest when its time is over. */
class Waiting {
  readonly message: OutgoingMessage;
  readonly bytes: number;
  isSettled = false;
  readonly #timer: NodeJS.Timeout;
  readonly #resolve: (messageId: string) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    message: OutgoingMessage,
    timeoutMs: number,
    resolve: (messageId: string) => void,
    reject: (error: unknown) => void,
  ) {
    this.message = message;
    this.bytes = bytesOf(message);
    this.#resolve = resolve;
    this.#reject = reject;
    const late = (): void => this.fail(new Error(`no acknowledgement within ${timeoutMs} ms`));
    this.#timer = setTimeout(late, timeoutMs);
  }

  acknowledge(messageId: string): void {
    this.isSettled = true;
    clearTimeout(this.#timer);
    this.#resolve(messageId);
  }

  fail(error: unknown): void {
    this.isSettled = true;
    clearTimeout(this.#timer);
    this.#reject(error);
  }
}

/** The messages of one ordering key, or those without one, first come first sent. */
class Lane {
  readonly #send: (group: readonly Waiting[]) => Promise<readonly string[]>;
  readonly #underWayMax: number;
  readonly #onIdle: () => void;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #isDue = false;

  constructor(
    send: (group: readonly Waiting[]) => Promise<readonly string[]>,
    underWayMax: number,
    onIdle: () => void,
  ) {
    this.#send = send;
    this.#underWayMax = underWayMax;
    this.#onIdle = onIdle;
  }

  add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#isDue || !this.#mayLeave()) return;
    this.#isDue = true;
    // Behind everything that this turn of the event loop still brings: the requests that were read together leave together.
    setImmediate(() => {
      this.#isDue = false;
      this.#leave();
    });
  }

  #leaveSoon(): void {
    this.#isDue = true;
    setTimeout(() => {
      this.#isDue = false;
      this.#leave();
    }, GATHER_MS);
  }

  #mayLeave(): boolean {
    if (this.#underWay === 0) return true;
    return this.#underWay < this.#underWayMax && this.#waiting.length >= this.#underWay * WORTH_ANOTHER;
  }

  #leave(): void {
    while (this.#mayLeave()) {
      const group = this.#nextGroup();
      if (group.length === 0) break;
      this.#underWay += 1;
      void this.#publish(group);
    }
    if (this.#underWay === 0 && this.#waiting.length === 0 && !this.#isDue) this.#onIdle();
  }

  async #publish(group: readonly Waiting[]): Promise<void> {
    try {
      const messageIds = await this.#send(group);
      for (const [index, one] of group.entries()) {
        const messageId = messageIds[index];
        if (messageId === undefined) one.fail(new Error("Pub/Sub's answer names no message"));
        else one.acknowledge(messageId);
      }
    } catch (error) {
      for (const one of group) one.fail(error);
      if (this.#underWayMax === 1) for (const one of this.#waiting.splice(0)) one.fail(error);
    } finally {
      this.#underWay -= 1;
      if (this.#underWayMax === 1) this.#leaveSoon();
      else this.#leave();
    }
  }

  /** What has been given up meanwhile stays behind: it certainly was not sent. */
  #nextGroup(): Waiting[] {
    const group: Waiting[] = [];
    let bytes = 0;
    let taken = 0;
    for (const one of this.#waiting) {
      if (!one.isSettled) {
        if (group.length === MESSAGES_MAX || (group.length > 0 && bytes + one.bytes > BYTES_MAX)) break;
        bytes += one.bytes;
        group.push(one);
      }
      taken += 1;
    }
    this.#waiting.splice(0, taken);
    return group;
  }
}

function bytesOf({ data, attributes, orderingKey }: OutgoingMessage): number {
  let bytes = data.length + 4 * (orderingKey?.length ?? 0) + 20;
  // Text in UTF-8 takes at most three bytes for each of its units.
  for (const name in attributes) bytes += 3 * (name.length + (attributes[name]?.length ?? 0)) + 10;
  return bytes;
}

async function openClient({ projectId, emulatorHost }: TopicPublisherOptions): Promise<PublisherClient> {
  const [api, { grpc }] = await Promise.all([
    import("@google-cloud/pubsub-api/build/src/v1/publisher_client.js"),
    import("google-gax"),
  ]);
  const project = projectId === undefined ? {} : { projectId };
  if (emulatorHost === undefined) return new api.PublisherClient({ ...CHANNEL, ...project });
  const { hostname, port } = new URL(`http://${emulatorHost}`);
  return new api.PublisherClient({
    ...CHANNEL,
    ...project,
    servicePath: hostname,
    port: Number(port || 80),
    sslCreds: grpc.credentials.createInsecure(),
    // Named so that the client does not ask the metadata server for it, which an emulator has no part in.
    universeDomain: "googleapis.com",
  });
}

async function nameOf({ topic, projectId }: TopicPublisherOptions, client: PublisherClient): Promise<string> {
  if (topic.startsWith("projects/")) return topic;
  return `projects/${projectId ?? (await client.getProjectId())}/topics/${topic}`;
}
