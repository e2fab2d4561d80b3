import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { encodeOnceMore } from "@draftmill/shared/contract/republished-message.ts";
import { type DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { Outcome } from "./outcome.ts";
import type { RequestPublisher } from "./sweep/request-publisher.ts";

export interface HandBackDeps {
  readonly requests: RequestPublisher;
  readonly orderingShards: number;
}

/** Why a delivery's hold ends when nobody waits for its answer any more: Pub/Sub delivers the message again by itself. */
export const HUNG_UP = new Error("The push was broken off");

/** Whether a wait that ended so is one to hand the message back for. */
export function isHandedBack(error: unknown, hold: AbortSignal): boolean {
  return toDraftError(error).code === "GMAIL_THROTTLED" && hold.reason !== HUNG_UP;
}

/**
 * Publishes the message once more and lets this delivery of it be acknowledged. A refused push would cost an attempt, block
 * its key for the whole backoff and slow the subscription down, for every mailbox; this costs a publish.
 */
export async function handBack(
  { requests, orderingShards }: HandBackDeps,
  pushed: PushedMessage,
  record: DraftRecord,
  error: DraftError,
): Promise<Extract<Outcome, { kind: "handed-back" }>> {
  try {
    await requests.publish(encodeOnceMore(pushed, record, orderingShards));
  } catch {
    // Pub/Sub still has the message: it is to deliver it again.
    throw error;
  }
  return { kind: "handed-back", error };
}
