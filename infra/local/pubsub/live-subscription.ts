import type { Clock } from "@draftmill/shared/clock.ts";
import { Alarm } from "./alarm.ts";
import { Backlog, type Entry } from "./backlog.ts";
import type { StoredMessage } from "./message.ts";
import { retryDelayMs } from "./retry-delay.ts";
import type { Store } from "./store.ts";
import type { Subscription } from "./subscription.ts";

/** How soon forwarding is tried again when the disk refused it. */
const FORWARD_RETRY_MS = 1_000;

/** One message handed out, to be settled by its lease. */
export interface Delivery {
  readonly lease: number;
  readonly message: StoredMessage;
  /** From 1. What a subscriber is shown only when the subscription has a dead letter policy. */
  readonly attempt: number;
}

/** What a subscription needs from the broker around it. */
export interface Surroundings {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  /** Whether acknowledged messages of the topic are kept, for a later seek. */
  keepsMessages(topic: string): boolean;
  hasTopic(name: string): boolean;
  /** Moves a message to the dead letter topic and out of this subscription, in one transaction; false if it cannot. */
  forward(subscription: LiveSubscription, messageId: number, deliveries: number): Promise<boolean>;
}

/** A subscription at work: who holds which message until when, retries, dead letters, and what of it is on disk. */
export class LiveSubscription {
  readonly id: number;
  readonly #surroundings: Surroundings;
  readonly #backlog = new Backlog();
  readonly #alarm: Alarm;
  readonly #forwarding = new Set<number>();
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #config: Subscription;

  constructor(id: number, config: Subscription, surroundings: Surroundings) {
    this.id = id;
    this.#config = config;
    this.#surroundings = surroundings;
    this.#alarm = new Alarm(surroundings.clock, () => this.#changed());
  }

  get config(): Subscription {
    return this.#config;
  }

  /** Messages waiting, delayed or held by somebody. */
  get size(): number {
    return this.#backlog.size;
  }

  /** Aborts when the subscription is deleted or its broker closes. */
  get closed(): AbortSignal {
    return this.#closing.signal;
  }

  reconfigure(config: Subscription): void {
    this.#config = config;
    this.#changed();
  }

  /** Calls back whenever there may be something to lease, or nothing left; the returned function ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes in messages that are on disk as this subscription's deliveries. `notBeforeMs` is wall time. */
  offer(entries: readonly (Entry & { readonly notBeforeMs?: number })[]): void {
    const { clock } = this.#surroundings;
    const nowMs = clock.monotonicMs();
    for (const { messageId, orderingKey, publishTimeMs, attempts, notBeforeMs = 0 } of entries) {
      const key = this.#config.enableMessageOrdering ? orderingKey : "";
      const waitMs = Math.max(0, notBeforeMs - clock.nowMs());
      this.#backlog.add({ messageId, orderingKey: key, publishTimeMs, attempts }, nowMs, nowMs + waitMs);
    }
    this.#changed();
  }

  /** Hands out up to `max` messages, each for `leaseMs` (Infinity: until settled). Counts as a delivery attempt. */
  lease(max: number, leaseMs: number): Delivery[] {
    const { clock } = this.#surroundings;
    const deliveries: Delivery[] = [];
    const sizeBefore = this.#backlog.size;
    while (deliveries.length < max && !this.closed.aborted) {
      const nowMs = clock.monotonicMs();
      const leases = this.#backlog.lease(nowMs, nowMs + leaseMs, max - deliveries.length);
      if (leases.length === 0) break;
      for (const { number, entry } of leases) {
        const delivery = this.#handOut(number, entry);
        if (delivery !== undefined) deliveries.push(delivery);
      }
    }
    if (this.#backlog.size < sizeBefore) this.#changed();
    else this.#setAlarm();
    return deliveries;
  }

  /** Whether the lease is still good. */
  holds(lease: number): boolean {
    return this.#backlog.entryOf(lease) !== undefined;
  }

  ack(lease: number): void {
    this.#gone(this.#backlog.ack(lease, this.#surroundings.clock.monotonicMs()));
    this.#changed();
  }

  /** A failed delivery: back in line after the retry policy's delay, or on to the dead letter topic. */
  nack(lease: number): void {
    const entry = this.#backlog.entryOf(lease);
    if (entry === undefined) return;
    this.#failed(lease, entry);
    this.#changed();
  }

  /** Back in line at once, as if it had never been handed out. */
  release(lease: number): void {
    const entry = this.#backlog.entryOf(lease);
    if (entry === undefined) return;
    entry.attempts -= 1;
    const nowMs = this.#surroundings.clock.monotonicMs();
    this.#backlog.nack(lease, nowMs, nowMs);
    this.#record(entry, 0);
    this.#changed();
  }

  extend(lease: number, leaseMs: number): void {
    this.#backlog.extend(lease, this.#surroundings.clock.monotonicMs() + leaseMs);
    this.#setAlarm();
  }

  /** Forgets messages published before a wall time, except those somebody holds. */
  dropPublishedBefore(publishTimeMs: number): void {
    const old = this.#backlog.entries().filter((entry) => entry.publishTimeMs < publishTimeMs);
    this.#gone(old.filter((entry) => this.#backlog.remove(entry.messageId)));
    if (old.length > 0) this.#changed();
  }

  close(): void {
    this.#alarm.clear();
    this.#listeners.clear();
    this.#closing.abort();
  }

  #handOut(lease: number, entry: Entry): Delivery | undefined {
    const { store, clock } = this.#surroundings;
    const message = store.message(entry.messageId);
    const outlived = entry.publishTimeMs + this.#config.messageRetentionMs < clock.nowMs();
    if (message === undefined || outlived) {
      this.#gone(this.#backlog.ack(lease, clock.monotonicMs()));
      return undefined;
    }
    if (this.#isExhausted(entry)) {
      void this.#forward(lease, entry);
      return undefined;
    }
    entry.attempts += 1;
    this.#record(entry, 0);
    return { lease, message, attempt: entry.attempts };
  }

  #isExhausted(entry: Entry): boolean {
    const { deadLetter } = this.#config;
    if (deadLetter === undefined || entry.attempts < deadLetter.maxDeliveryAttempts) return false;
    // As at Google, a dead letter topic that is gone means delivery without end.
    return this.#surroundings.hasTopic(deadLetter.topic);
  }

  #putBack(lease: number, entry: Entry, leastMs = 0): void {
    const { clock, random } = this.#surroundings;
    const delayMs = Math.max(leastMs, retryDelayMs(this.#config.retry, entry.attempts, random));
    const nowMs = clock.monotonicMs();
    this.#backlog.nack(lease, nowMs, nowMs + delayMs);
    this.#record(entry, clock.nowMs() + delayMs);
  }

  #failed(lease: number, entry: Entry): void {
    if (this.#isExhausted(entry)) void this.#forward(lease, entry);
    else this.#putBack(lease, entry);
  }

  async #forward(lease: number, entry: Entry): Promise<void> {
    if (this.#forwarding.has(lease)) return;
    this.#forwarding.add(lease);
    this.#backlog.extend(lease, Number.POSITIVE_INFINITY);
    const moved = await this.#surroundings.forward(this, entry.messageId, entry.attempts).catch(() => false);
    this.#forwarding.delete(lease);
    if (moved) this.#gone(this.#backlog.ack(lease, this.#surroundings.clock.monotonicMs()));
    else this.#putBack(lease, entry, FORWARD_RETRY_MS);
    this.#changed();
  }

  #gone(entries: readonly Entry[]): void {
    const { store } = this.#surroundings;
    const keep = this.#surroundings.keepsMessages(this.#config.topic);
    for (const { messageId } of entries) store.group.defer(() => store.deleteDelivery(this.id, messageId, keep));
  }

  #record(entry: Entry, notBeforeMs: number): void {
    const { store } = this.#surroundings;
    const { messageId, attempts } = entry;
    store.group.defer(() => store.updateDelivery(this.id, messageId, attempts, notBeforeMs));
  }

  #changed(): void {
    const nowMs = this.#surroundings.clock.monotonicMs();
    for (const { number, entry } of this.#backlog.expired(nowMs)) {
      this.#failed(number, entry);
    }
    for (const listener of [...this.#listeners]) listener();
    this.#setAlarm();
  }

  #setAlarm(): void {
    const nextMs = this.closed.aborted ? undefined : this.#backlog.nextChangeMs;
    if (nextMs !== undefined) this.#alarm.set(nextMs);
  }
}
