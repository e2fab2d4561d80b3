import type { Clock } from "@draftmill/shared/clock.ts";
import { Alarm } from "./alarm.ts";
import type { FaultScript } from "./faults.ts";
import type { Delivery, LiveSubscription } from "./live-subscription.ts";
import { PushBackoff } from "./push-backoff.ts";
import { pushBody } from "./push-body.ts";
import { acknowledges, type PushAnswer, type PushConnections, PushSender } from "./push-sender.ts";
import type { PushTokens } from "./push-token.ts";
import { PushWindow, type PushWindowLimits } from "./push-window.ts";
import type { PushConfig } from "./subscription.ts";

/** What all push loops share. */
export interface PushSupplies {
  readonly clock: Clock;
  readonly connections: PushConnections;
  readonly tokens: PushTokens;
  readonly faults: FaultScript;
  readonly window: PushWindowLimits;
  readonly pushBackoff: boolean;
  readonly log: (event: string, fields: Record<string, unknown>) => void;
}

/** Pushes a subscription's messages to its endpoint as window, backoff and ordering allow. Idle while it has none. */
export class PushLoop {
  readonly #live: LiveSubscription;
  readonly #supplies: PushSupplies;
  readonly #window: PushWindow;
  readonly #backoff = new PushBackoff();
  readonly #alarm: Alarm;
  readonly #unsubscribe: () => void;
  readonly #sender: PushSender;
  readonly #inFlight = new Set<Promise<void>>();
  #stopped = false;
  #aborted = false;

  constructor(live: LiveSubscription, supplies: PushSupplies) {
    this.#live = live;
    this.#supplies = supplies;
    this.#sender = new PushSender(supplies.clock, supplies.connections);
    this.#window = new PushWindow(supplies.window);
    this.#alarm = new Alarm(supplies.clock, () => this.#pump());
    this.#unsubscribe = live.onChange(() => this.#pump());
  }

  /**
   * Starts no more pushes, waits for those in flight up to `graceMs`, then breaks them off; what is broken off goes back
   * in line without counting as an attempt.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe();
    this.#alarm.clear();
    const graceOver = new AbortController();
    const drained = Promise.all(this.#inFlight).finally(() => graceOver.abort());
    await this.#supplies.clock.sleep(graceMs, graceOver.signal).catch(() => undefined);
    this.#aborted = true;
    this.#sender.abort();
    await drained;
  }

  #pump(): void {
    const { clock } = this.#supplies;
    while (!this.#stopped && this.#inFlight.size < this.#window.size) {
      const { push } = this.#live.config;
      if (push === undefined) return;
      if (this.#backoff.untilMs > clock.monotonicMs()) {
        this.#alarm.set(this.#backoff.untilMs);
        return;
      }
      const [delivery] = this.#live.lease(1, Number.POSITIVE_INFINITY);
      if (delivery === undefined) return;
      const pushing = this.#push(delivery, push).then(() => {
        this.#inFlight.delete(pushing);
        this.#pump();
      });
      this.#inFlight.add(pushing);
    }
  }

  /** Never rejects. */
  async #push(delivery: Delivery, push: PushConfig): Promise<void> {
    const { clock, log } = this.#supplies;
    const { round } = this.#window;
    const startMs = clock.monotonicMs();
    const answer = await this.#deliver(delivery, push).catch(
      (): PushAnswer => ({ kind: "failed", reason: "INTERNAL" }),
    );
    const acknowledged = acknowledges(answer);
    const brokenOff = !acknowledged && this.#aborted;
    log("pubsub.push", {
      subscription: this.#live.config.name,
      messageId: String(delivery.message.id),
      attempt: delivery.attempt,
      outcome: acknowledged ? "ack" : brokenOff ? "broken-off" : "nack",
      answer: answer.kind === "answered" ? answer.status : answer.kind === "failed" ? answer.reason : answer.kind,
      durationMs: Math.round(clock.monotonicMs() - startMs),
    });
    if (acknowledged) {
      this.#window.ack();
      this.#backoff.ack();
      this.#live.ack(delivery.lease);
    } else if (brokenOff) {
      this.#live.release(delivery.lease);
    } else {
      this.#window.nack(round);
      if (this.#supplies.pushBackoff) this.#backoff.nack(clock.monotonicMs());
      this.#live.nack(delivery.lease);
    }
  }

  async #deliver({ message, attempt }: Delivery, push: PushConfig): Promise<PushAnswer> {
    const { tokens, faults } = this.#supplies;
    const { name, deadLetter, ackDeadlineSeconds } = this.#live.config;
    const fault = faults.take(name);
    const body = pushBody(message, name, deadLetter === undefined ? undefined : attempt);
    const token = await tokens.tokenFor(push, fault.token);
    const send = () => this.#sender.send(push.endpoint, body, token, ackDeadlineSeconds * 1000);
    if (fault.duplicate === "in-turn") await send();
    const copies = fault.duplicate === "at-once" ? (fault.copies ?? 2) : 1;
    const answers = await Promise.all(Array.from({ length: copies }, send));
    if (fault.dropAnswer) return { kind: "failed", reason: "DROPPED" };
    return answers.find(acknowledges) ?? answers[0] ?? { kind: "failed", reason: "NO_ANSWER" };
  }
}
