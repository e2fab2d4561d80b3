import { Backlog } from "@draftmill/local/pubsub/backlog.ts";
import { PushBackoff } from "@draftmill/local/pubsub/push-backoff.ts";
import { PushWindow } from "@draftmill/local/pubsub/push-window.ts";
import { retryDelayMs } from "@draftmill/local/pubsub/retry-delay.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export interface PushModelOptions<Message> {
  readonly clock: VirtualClock;
  readonly random: () => number;
  /** Null when nobody can take a push now; otherwise resolves with whether it was acknowledged. */
  readonly deliver: (message: Message) => Promise<boolean> | null;
  readonly dead: (message: Message) => void;
}

/** Pub/Sub's documented most, per region (https://cloud.google.com/pubsub/docs/push#push_delivery_rate). */
const WINDOW = { initial: 5, max: 3_000 };
/** As the README sets up the subscription. */
const RETRY = { minimumBackoffMs: 10_000, maximumBackoffMs: 600_000 };
const ATTEMPTS_MAX = 100;
const TRY_AGAIN_MS = 100;

/** A push subscription by the embedded Pub/Sub's own rules of keys, window, backoff and retries, in virtual time. */
export class PushModel<Message> {
  readonly #options: PushModelOptions<Message>;
  readonly #backlog = new Backlog();
  readonly #window = new PushWindow(WINDOW);
  readonly #backoff = new PushBackoff();
  readonly #messages: Message[] = [];
  readonly #out = new Map<string, number>();
  #outstanding = 0;
  #wakeMs = Number.POSITIVE_INFINITY;

  nacks = 0;
  /** Most pushes that were out at once for one key. */
  perKeyMax = 0;

  constructor(options: PushModelOptions<Message>) {
    this.#options = options;
  }

  publish(message: Message, orderingKey: string | null): void {
    const { clock } = this.#options;
    const messageId = this.#messages.push(message) - 1;
    const entry = { messageId, orderingKey: orderingKey ?? "", publishTimeMs: clock.nowMs(), attempts: 0 };
    this.#backlog.add(entry, clock.monotonicMs());
    this.#wakeAt(clock.monotonicMs());
  }

  #wakeAt(atMs: number): void {
    if (atMs >= this.#wakeMs) return;
    this.#wakeMs = atMs;
    this.#options.clock.after(atMs - this.#options.clock.monotonicMs(), () => {
      this.#wakeMs = Number.POSITIVE_INFINITY;
      this.#pump();
    });
  }

  #pump(): void {
    const { clock, deliver } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#backoff.untilMs > nowMs) {
      this.#wakeAt(this.#backoff.untilMs);
      return;
    }
    while (this.#outstanding < this.#window.size) {
      const [lease] = this.#backlog.lease(nowMs, Number.POSITIVE_INFINITY, 1);
      if (lease === undefined) {
        const { nextChangeMs } = this.#backlog;
        if (nextChangeMs !== undefined) this.#wakeAt(nextChangeMs);
        return;
      }
      const { entry, number } = lease;
      const message = this.#messages[entry.messageId];
      if (message === undefined) throw new Error("a message that nobody published");
      const delivery = deliver(message);
      if (delivery === null) {
        this.#backlog.nack(number, nowMs, nowMs);
        this.#wakeAt(nowMs + TRY_AGAIN_MS);
        return;
      }
      entry.attempts += 1;
      this.#count(entry.orderingKey, 1);
      const { round } = this.#window;
      void delivery.then((isAcknowledged) => {
        this.#count(entry.orderingKey, -1);
        if (isAcknowledged) {
          this.#window.ack();
          this.#backoff.ack();
          this.#backlog.ack(number, clock.monotonicMs());
        } else this.#failed(number, entry, round);
        this.#pump();
      });
    }
  }

  #failed(lease: number, { messageId, attempts }: { messageId: number; attempts: number }, round: number): void {
    const { clock, random, dead } = this.#options;
    const nowMs = clock.monotonicMs();
    this.nacks += 1;
    this.#window.nack(round);
    this.#backoff.nack(nowMs);
    if (attempts < ATTEMPTS_MAX) {
      this.#backlog.nack(lease, nowMs, nowMs + retryDelayMs(RETRY, attempts, random));
      return;
    }
    const message = this.#messages[messageId];
    if (message !== undefined) dead(message);
    this.#backlog.ack(lease, nowMs);
  }

  #count(key: string, change: 1 | -1): void {
    this.#outstanding += change;
    if (key === "") return;
    const ofKey = (this.#out.get(key) ?? 0) + change;
    this.#out.set(key, ofKey);
    this.perKeyMax = Math.max(this.perKeyMax, ofKey);
  }
}
