import type { GoogleAccess } from "../google-access.ts";
import { PublishClient } from "./publish-client.ts";
import { fitsInPublish, type PublishPart, partOf, partsOf } from "./publish-part.ts";
import type { TopicPublisher, TopicPublisherOptions } from "./topic-publisher.ts";

/** Publishes under way at once, of messages without an ordering key; one for each key, as their order demands. */
const UNDER_WAY_MAX = 8;
/** A further one is worth its cost to so many messages for each that is under way. */
const WORTH_ANOTHER = 8;

/**
 * After a publish of a key, before its next: whoever was answered asks again meanwhile. With 64 callers over 16 keys it makes four messages of
 * two and a half, and takes a quarter off their cost (measured). The library waits 5 ms before each.
 */
const GATHER_MS = 3;

/**
 * Of messages that are published together, so many publishes are under way at a time: each is a stream of HTTP/2, and they are most of what
 * a batch leaves to the collector.
 */
const PARTS_AT_ONCE = 64;

/** What reads credentials takes its time to load. */
const OPEN_AFTER_MS = 100;

const ORIGIN = "https://pubsub.googleapis.com";
/** https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/publish: the narrowest scope that it takes. */
const SCOPE = "https://www.googleapis.com/auth/pubsub";

/**
 * Publishes by group commit: a message leaves at once, or else with all that gather until a publish comes back. No timer
 * before it, and none of the library's batches, whose copies of each message are most of what a publish costs. All of one
 * publish have one ordering key, as Pub/Sub demands; of a key one publish is under way, and when it fails what waits behind
 * it fails too.
 */
export function openGroupPublisher(options: TopicPublisherOptions): TopicPublisher {
  const { topic, timeoutMs, emulatorHost } = options;
  const origin = emulatorHost === undefined ? ORIGIN : `http://${emulatorHost}`;
  const client = new PublishClient({ origin, topic, timeoutMs, openAccess: () => openAccess(options) });
  // Not at the start, which it would be part of, nor at the first request.
  const beforehand = setTimeout(() => client.open().catch(() => {}), OPEN_AFTER_MS).unref();
  const send: Send = (group) => {
    const [only] = group;
    const { messages, sizes } =
      group.length === 1 && only !== undefined
        ? only.part
        : { messages: group.flatMap(({ part }) => part.messages), sizes: group.flatMap(({ part }) => part.sizes) };
    const untilMs = group.reduce((last, one) => Math.max(last, one.untilMs), 0);
    // A timer may be late, and what has no time left is told so by it.
    return client.publish(messages, sizes, Math.max(1, untilMs - performance.now()));
  };
  const lanes = new Map<string, Lane>();
  let underWay = 0;
  const noneLeft: (() => void)[] = [];
  const onSettled = (): void => {
    underWay -= 1;
    if (underWay === 0) for (const tell of noneLeft.splice(0)) tell();
  };
  const add = (part: PublishPart, untilMs: number, answers: Answers): void => {
    const { key } = part;
    let lane = lanes.get(key);
    if (lane === undefined) {
      lane = new Lane(send, key === "" ? UNDER_WAY_MAX : 1, () => lanes.delete(key));
      lanes.set(key, lane);
    }
    underWay += 1;
    lane.add(new Waiting(part, untilMs, answers));
  };

  return {
    publish: (message) =>
      new Promise((resolve, reject) => {
        add(partOf(message), performance.now() + timeoutMs, { resolve, reject, onSettled });
      }),
    publishAll: (messages) =>
      new Promise((resolve, reject) => {
        const untilMs = performance.now() + timeoutMs;
        const parts = partsOf(messages);
        let begun = 0;
        let open = 0;
        let failure: { readonly error: unknown } | null = null;
        const goOn = (): void => {
          for (; failure === null && open < PARTS_AT_ONCE; open++) {
            const part = parts[begun++];
            if (part === undefined) break;
            add(part, untilMs, answers);
          }
          if (open > 0) return;
          if (failure === null) resolve();
          else reject(failure.error);
        };
        const end = (): void => {
          open -= 1;
          goOn();
        };
        const fail = (error: unknown): void => {
          failure ??= { error };
          end();
        };
        const answers: Answers = { resolve: end, reject: fail, onSettled };
        goOn();
      }),
    async close() {
      clearTimeout(beforehand);
      if (underWay > 0) await new Promise<void>((resolve) => noneLeft.push(resolve));
      client.close();
    },
  };
}

interface Answers {
  /** With the messageId of the first. */
  resolve(messageId: string): void;
  reject(error: unknown): void;
  onSettled(): void;
}

/** Messages that are not acknowledged yet. Settled once and together, at the latest when their time is over. */
class Waiting {
  readonly part: PublishPart;
  /** By `performance.now()`. */
  readonly untilMs: number;
  isSettled = false;
  readonly #answers: Answers;
  readonly #timer: NodeJS.Timeout;

  constructor(part: PublishPart, untilMs: number, answers: Answers) {
    this.part = part;
    this.untilMs = untilMs;
    this.#answers = answers;
    const timeoutMs = Math.max(1, Math.ceil(untilMs - performance.now()));
    this.#timer = setTimeout(() => this.fail(new Error("no acknowledgement in time")), timeoutMs);
  }

  acknowledge(messageId: string): void {
    if (this.#settle()) this.#answers.resolve(messageId);
  }

  fail(error: unknown): void {
    if (this.#settle()) this.#answers.reject(error);
  }

  /** False when its time was over before. */
  #settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    clearTimeout(this.#timer);
    this.#answers.onSettled();
    return true;
  }
}

type Send = (group: readonly Waiting[]) => Promise<readonly string[]>;

/** The messages of one ordering key, or those without one, first come first sent. */
class Lane {
  readonly #send: Send;
  readonly #underWayMax: number;
  readonly #onIdle: () => void;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #isDue = false;

  constructor(send: Send, underWayMax: number, onIdle: () => void) {
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
      let from = 0;
      for (const one of group) {
        const messageId = messageIds[from];
        from += one.part.messages.length;
        if (messageId === undefined || from > messageIds.length)
          one.fail(new Error("Pub/Sub's answer names no message"));
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
    let messages = 0;
    let bytes = 0;
    let taken = 0;
    for (const one of this.#waiting) {
      if (!one.isSettled) {
        messages += one.part.messages.length;
        bytes += one.part.bytes;
        if (group.length > 0 && !fitsInPublish(messages, bytes)) break;
        group.push(one);
      }
      taken += 1;
    }
    this.#waiting.splice(0, taken);
    return group;
  }
}

async function openAccess({ projectId, emulatorHost }: TopicPublisherOptions): Promise<GoogleAccess> {
  if (emulatorHost === undefined) return (await import("../google-access.ts")).googleAccess(SCOPE, projectId);
  if (projectId === undefined) throw new Error("GOOGLE_CLOUD_PROJECT is required: an emulator names no project");
  const none = new Headers();
  return { project: async () => projectId, headers: async () => none, forget: () => {} };
}
