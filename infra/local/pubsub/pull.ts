import type { AckIds } from "./ack-id.ts";
import type { Delivery, LiveSubscription } from "./live-subscription.ts";
import { writeMessage } from "./message-codec.ts";
import type { WireFormat } from "./wire-format.ts";

/** Enough for any message; one answer holds at most a chunk more than this. */
const RESPONSE_BYTES = 8_000_000;
const CHUNK = 10;
const MAX_MESSAGES = 1000;

/** What is ready now, leased for the subscription's ack deadline or `leaseMs`. Nothing while the subscription is pushed. */
export function take(live: LiveSubscription, max: number, leaseMs = live.config.ackDeadlineSeconds * 1000): Delivery[] {
  const taken: Delivery[] = [];
  const limit = Math.min(max, MAX_MESSAGES);
  let bytes = 0;
  while (live.config.push === undefined && taken.length < limit && bytes < RESPONSE_BYTES) {
    const chunk = live.lease(Math.min(CHUNK, limit - taken.length), leaseMs);
    if (chunk.length === 0) break;
    for (const { message } of chunk) bytes += message.data.byteLength;
    taken.push(...chunk);
  }
  return taken;
}

/** Waits for at least one message; `[]` once the signal aborts or the subscription is deleted. */
export async function takeOrWait(live: LiveSubscription, max: number, until: AbortSignal): Promise<Delivery[]> {
  const signal = AbortSignal.any([until, live.closed]);
  return new Promise((resolve) => {
    const attempt = () => {
      const taken = signal.aborted ? [] : take(live, max);
      if (taken.length === 0 && !signal.aborted) return;
      stop();
      signal.removeEventListener("abort", attempt);
      resolve(taken);
    };
    const stop = live.onChange(attempt);
    signal.addEventListener("abort", attempt);
    attempt();
  });
}

/** A `ReceivedMessage`. */
export function writeDelivery(live: LiveSubscription, delivery: Delivery, ackIds: AckIds, format: WireFormat) {
  return {
    ackId: ackIds.idOf(live, delivery.lease),
    message: writeMessage(delivery.message, format),
    ...(live.config.deadLetter !== undefined && { deliveryAttempt: delivery.attempt }),
  };
}
