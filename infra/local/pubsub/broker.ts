import type { Clock } from "@draftmill/shared/clock.ts";
import { deadLetter } from "./dead-letter-forward.ts";
import { LiveSubscription, type Surroundings } from "./live-subscription.ts";
import type { NewMessage, StoredMessage } from "./message.ts";
import { checkPublish } from "./publish-rules.ts";
import { alreadyExists, notFound, PubsubError } from "./pubsub-error.ts";
import { DELETED_TOPIC, resourceName } from "./resource-name.ts";
import { keptForMs, sweep } from "./retention.ts";
import type { Store } from "./store.ts";
import type { PushConfig, Subscription } from "./subscription.ts";
import { checkSubscription } from "./subscription-rules.ts";
import type { Topic } from "./topic.ts";
import { checkTopic } from "./topic-rules.ts";

export interface BrokerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly minAckDeadlineSeconds: number;
  /** A subscription begins to work, also one that was there at the start. */
  readonly opened: (subscription: LiveSubscription) => void;
  readonly closed: (subscription: LiveSubscription) => void;
}

/**
 * Topics, subscriptions and the way from one to the other. A promise it returns resolves once the change is on disk;
 * what it refuses, it refuses with a `PubsubError` before anything is written.
 */
export class Broker {
  readonly minAckDeadlineSeconds: number;
  readonly #options: BrokerOptions;
  readonly #surroundings: Surroundings;
  readonly #topics = new Map<string, Topic>();
  readonly #subscriptions = new Map<string, LiveSubscription>();
  readonly #closing = new AbortController();
  #nextMessageId: number;
  #nextSubscriptionId = 1;

  constructor(options: BrokerOptions) {
    const { store, clock, random } = options;
    this.#options = options;
    this.minAckDeadlineSeconds = options.minAckDeadlineSeconds;
    this.#surroundings = {
      store,
      clock,
      random,
      keepsMessages: (topic) => this.#keepsMessages(topic),
      hasTopic: (name) => this.#topics.has(name),
      forward: (subscription, messageId, deliveries) => this.#forward(subscription, messageId, deliveries),
    };
    // Starting at the time makes ids unique across stores, too: a fresh one never repeats the ids of one thrown away.
    this.#nextMessageId = Math.max(store.lastMessageId() + 1, Math.floor(clock.nowMs() * 1000), 1);
  }

  /** Takes up where the store left off. */
  open(): void {
    const { store } = this.#options;
    for (const topic of store.topics()) this.#topics.set(topic.name, topic);
    for (const { id, config } of store.subscriptions()) {
      this.#nextSubscriptionId = Math.max(this.#nextSubscriptionId, id + 1);
      this.#start(new LiveSubscription(id, config, this.#surroundings)).offer(store.deliveries(id));
    }
    void sweep(this, store, this.#options.clock, this.#closing.signal);
  }

  close(): void {
    this.#closing.abort();
    for (const subscription of this.#subscriptions.values()) subscription.close();
  }

  topics(): Topic[] {
    return [...this.#topics.values()];
  }

  subscriptions(): LiveSubscription[] {
    return [...this.#subscriptions.values()];
  }

  topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw notFound(name);
    return topic;
  }

  subscription(name: string): LiveSubscription {
    const subscription = this.#subscriptions.get(name);
    if (subscription === undefined) throw notFound(name);
    return subscription;
  }

  subscriptionsOf(topic: string): LiveSubscription[] {
    return this.subscriptions().filter((subscription) => subscription.config.topic === topic);
  }

  async createTopic(topic: Topic): Promise<Topic> {
    checkTopic(topic);
    if (this.#topics.has(topic.name)) throw alreadyExists(topic.name);
    return this.#putTopic(topic);
  }

  async updateTopic(topic: Topic): Promise<Topic> {
    checkTopic(topic);
    return this.#putTopic(topic);
  }

  async deleteTopic(name: string): Promise<void> {
    const { store } = this.#options;
    this.topic(name);
    this.#topics.delete(name);
    const orphans = this.subscriptionsOf(name);
    for (const orphan of orphans) orphan.reconfigure({ ...orphan.config, topic: DELETED_TOPIC });
    await this.#commit(() => {
      store.deleteTopic(name);
      for (const orphan of orphans) store.updateSubscription(orphan.id, orphan.config);
    });
  }

  async createSubscription(config: Subscription): Promise<Subscription> {
    resourceName("subscriptions", config.name);
    resourceName("topics", config.topic);
    checkSubscription(config, this.minAckDeadlineSeconds);
    this.topic(config.topic);
    this.#checkDeadLetterTopic(config);
    if (this.#subscriptions.has(config.name)) throw alreadyExists(config.name);
    const live = this.#start(new LiveSubscription(this.#nextSubscriptionId++, config, this.#surroundings));
    await this.#commit(() => this.#options.store.insertSubscription(live.id, config));
    return config;
  }

  async updateSubscription(config: Subscription): Promise<Subscription> {
    const live = this.subscription(config.name);
    checkSubscription(config, this.minAckDeadlineSeconds);
    if (config.deadLetter?.topic !== live.config.deadLetter?.topic) this.#checkDeadLetterTopic(config);
    live.reconfigure(config);
    await this.#commit(() => this.#options.store.updateSubscription(live.id, config));
    return config;
  }

  /** Without `push` the subscription becomes a pull one, which pauses pushing. */
  async modifyPushConfig(name: string, push: PushConfig | undefined): Promise<void> {
    const { push: _before, ...pulled } = this.subscription(name).config;
    await this.updateSubscription(push === undefined ? pulled : { ...pulled, push });
  }

  async deleteSubscription(name: string): Promise<void> {
    const { store, clock, closed } = this.#options;
    const live = this.subscription(name);
    this.#subscriptions.delete(name);
    live.close();
    closed(live);
    const { topic } = live.config;
    const keepMs = this.#keptForMs(topic);
    await this.#commit(() => {
      store.deleteSubscription(live.id);
      store.dropUnwanted(topic, keepMs > 0 ? clock.nowMs() - keepMs : Number.MAX_SAFE_INTEGER);
    });
  }

  /** The new messages' ids, in order. On disk, and on the way to every subscription of the topic, when it resolves. */
  async publish(topicName: string, messages: readonly NewMessage[]): Promise<string[]> {
    const topic = this.topic(topicName);
    checkPublish(messages);
    const stored = messages.map((message) => this.#stamp(message));
    return this.#options.store.group.commit(
      () => this.#insert(topic.name, stored),
      () => {
        this.#offer(topic.name, stored);
        return stored.map(({ id }) => String(id));
      },
    );
  }

  /** Everything published before `timeMs` counts as acknowledged; what was published since and is kept, as not. */
  async seek(name: string, timeMs: number): Promise<void> {
    const { store } = this.#options;
    const live = this.subscription(name);
    const { topic, retainAckedMessages } = live.config;
    const canGoBack = retainAckedMessages || this.#topics.get(topic)?.messageRetentionMs !== undefined;
    const again = canGoBack ? store.messagesSince(topic, timeMs) : [];
    live.dropPublishedBefore(timeMs);
    await this.#commit(() => {
      for (const { messageId } of again) store.insertDelivery(live.id, messageId);
    });
    live.offer(again.map((message) => ({ ...message, attempts: 0 })));
  }

  #start(live: LiveSubscription): LiveSubscription {
    this.#subscriptions.set(live.config.name, live);
    this.#options.opened(live);
    return live;
  }

  async #putTopic(topic: Topic): Promise<Topic> {
    this.#topics.set(topic.name, topic);
    await this.#commit(() => this.#options.store.putTopic(topic));
    return topic;
  }

  #stamp(message: NewMessage): StoredMessage {
    const id = this.#nextMessageId++;
    return { ...message, id, publishTimeMs: Math.floor(this.#options.clock.nowMs()) };
  }

  #insert(topic: string, messages: readonly StoredMessage[]): void {
    const { store } = this.#options;
    const subscriptions = this.subscriptionsOf(topic);
    if (subscriptions.length === 0 && !this.#keepsMessages(topic)) return;
    for (const message of messages) {
      store.insertMessage(topic, message);
      for (const subscription of subscriptions) store.insertDelivery(subscription.id, message.id);
    }
  }

  #offer(topic: string, messages: readonly StoredMessage[]): void {
    for (const subscription of this.subscriptionsOf(topic)) {
      subscription.offer(messages.map(({ id, ...rest }) => ({ ...rest, messageId: id, attempts: 0 })));
    }
  }

  async #forward(subscription: LiveSubscription, messageId: number, deliveries: number): Promise<boolean> {
    const { store } = this.#options;
    const { name, topic: sourceTopic, deadLetter: policy } = subscription.config;
    const message = store.message(messageId);
    if (message === undefined || policy === undefined || !this.#topics.has(policy.topic)) return false;
    const letter = this.#stamp(deadLetter(message, name, deliveries));
    return store.group.commit(
      () => {
        this.#insert(policy.topic, [letter]);
        store.deleteDelivery(subscription.id, messageId, this.#keepsMessages(sourceTopic));
      },
      () => {
        this.#offer(policy.topic, [letter]);
        return true;
      },
    );
  }

  #checkDeadLetterTopic({ deadLetter: policy }: Subscription): void {
    if (policy === undefined) return;
    resourceName("topics", policy.topic);
    if (!this.#topics.has(policy.topic)) throw new PubsubError("NOT_FOUND", "Dead letter topic not found.");
  }

  #keepsMessages(topic: string): boolean {
    return this.#keptForMs(topic) > 0;
  }

  #keptForMs(topic: string): number {
    return keptForMs(this.#topics.get(topic), this.subscriptionsOf(topic));
  }

  #commit(write: () => void): Promise<void> {
    return this.#options.store.group.commit(write, () => undefined);
  }
}
