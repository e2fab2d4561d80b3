import type { AckIds } from "./ack-id.ts";
import type { LiveSubscription } from "./live-subscription.ts";
import { invalid } from "./pubsub-error.ts";
import { MAX_ACK_DEADLINE_SECONDS } from "./subscription-rules.ts";

/** A void ack id is passed over, as Pub/Sub does: the message was or will be delivered again. */
export function acknowledge(live: LiveSubscription, ackIds: AckIds, ids: readonly string[]): void {
  for (const lease of leasesOf(live, ackIds, ids)) live.ack(lease);
}

/** 0 seconds is a nack. */
export function modifyAckDeadline(
  live: LiveSubscription,
  ackIds: AckIds,
  ids: readonly string[],
  seconds: number,
): void {
  if (seconds < 0 || seconds > MAX_ACK_DEADLINE_SECONDS) {
    throw invalid(`ackDeadlineSeconds is ${seconds}; it must be 0 to ${MAX_ACK_DEADLINE_SECONDS}.`);
  }
  for (const lease of leasesOf(live, ackIds, ids)) {
    if (seconds === 0) live.nack(lease);
    else live.extend(lease, seconds * 1000);
  }
}

function leasesOf(live: LiveSubscription, ackIds: AckIds, ids: readonly string[]): number[] {
  return ids.map((id) => ackIds.leaseOf(live, id)).filter((lease) => lease !== undefined);
}
