import type { ServerDuplexStream } from "@grpc/grpc-js";
import { grpcError } from "./error-status.ts";
import type { LiveSubscription } from "./live-subscription.ts";
import { invalid, notFound, PubsubError } from "./pubsub-error.ts";
import { take, writeDelivery } from "./pull.ts";
import type { Service } from "./service.ts";
import { acknowledge, modifyAckDeadline } from "./settlement.ts";
import { checkAckDeadline } from "./subscription-rules.ts";
import { protoFormat } from "./wire-format.ts";
import { WireMessage } from "./wire-message.ts";

interface Opened {
  readonly live: LiveSubscription;
  readonly maxOutstandingMessages: number;
  readonly maxOutstandingBytes: number;
  readonly stop: () => void;
  leaseMs: number;
}

/** One open `StreamingPull` call: the first request says what, later ones settle; messages flow while limits allow. */
export class StreamingPull {
  readonly #call: ServerDuplexStream<unknown, unknown>;
  readonly #service: Service;
  readonly #outstanding = new Map<number, number>();
  #opened: Opened | undefined;
  #pumping = false;
  #ended = false;

  constructor(call: ServerDuplexStream<unknown, unknown>, service: Service) {
    this.#call = call;
    this.#service = service;
    call.on("data", (request: unknown) => this.#receive(request));
    call.on("end", () => this.#end());
    call.on("cancelled", () => this.#end());
    call.on("error", () => this.#end());
    call.on("drain", () => this.#pumpSoon());
  }

  #receive(request: unknown): void {
    if (this.#ended) return;
    try {
      const wire = new WireMessage(request, protoFormat);
      this.#opened ??= this.#open(wire);
      this.#settle(this.#opened, wire);
      this.#pumpSoon();
    } catch (error) {
      this.#fail(error);
    }
  }

  #open(wire: WireMessage): Opened {
    const live = this.#service.broker.subscription(wire.string("subscription"));
    if (live.config.push !== undefined) {
      throw new PubsubError("FAILED_PRECONDITION", "This method is not supported for a push subscription.");
    }
    live.closed.addEventListener("abort", () => this.#fail(notFound(live.config.name)), { once: true });
    this.#call.write({ subscriptionProperties: { messageOrderingEnabled: live.config.enableMessageOrdering } });
    return {
      live,
      maxOutstandingMessages: wire.integer("maxOutstandingMessages") || Number.POSITIVE_INFINITY,
      maxOutstandingBytes: wire.integer("maxOutstandingBytes") || Number.POSITIVE_INFINITY,
      stop: live.onChange(() => this.#pumpSoon()),
      leaseMs: 0,
    };
  }

  #settle(opened: Opened, wire: WireMessage): void {
    const { ackIds, broker } = this.#service;
    const seconds = wire.integer("streamAckDeadlineSeconds");
    if (seconds !== 0) {
      checkAckDeadline(seconds, broker.minAckDeadlineSeconds);
      opened.leaseMs = seconds * 1000;
    }
    acknowledge(opened.live, ackIds, wire.strings("ackIds"));
    const ids = wire.strings("modifyDeadlineAckIds");
    const deadlines = wire.integers("modifyDeadlineSeconds");
    if (ids.length !== deadlines.length)
      throw invalid("modifyDeadlineAckIds and modifyDeadlineSeconds differ in length.");
    deadlines.forEach((deadline, index) => {
      modifyAckDeadline(opened.live, ackIds, ids.slice(index, index + 1), deadline);
    });
  }

  /** Once for all changes of a turn. */
  #pumpSoon(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    setImmediate(() => {
      this.#pumping = false;
      if (this.#opened !== undefined) this.#pump(this.#opened);
    });
  }

  #pump({ live, leaseMs, maxOutstandingMessages, maxOutstandingBytes }: Opened): void {
    for (const lease of this.#outstanding.keys()) if (!live.holds(lease)) this.#outstanding.delete(lease);
    const bytes = [...this.#outstanding.values()].reduce((sum, size) => sum + size, 0);
    const room = maxOutstandingMessages - this.#outstanding.size;
    if (room <= 0 || bytes >= maxOutstandingBytes || this.#call.writableNeedDrain) return;
    const taken = take(live, room, leaseMs || undefined);
    if (taken.length === 0) return;
    for (const { lease, message } of taken) this.#outstanding.set(lease, message.data.byteLength);
    const { ackIds } = this.#service;
    this.#call.write({ receivedMessages: taken.map((delivery) => writeDelivery(live, delivery, ackIds, protoFormat)) });
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#stop();
    this.#call.emit("error", grpcError(error));
  }

  #end(): void {
    if (this.#ended) return;
    this.#stop();
    this.#call.end();
  }

  #stop(): void {
    this.#ended = true;
    this.#opened?.stop();
    this.#opened = undefined;
  }
}
