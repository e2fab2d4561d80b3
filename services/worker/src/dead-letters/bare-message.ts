import { createHash } from "node:crypto";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import type { DocumentKind, Documents } from "@draftmill/shared/ledger/documents.ts";

/**
 * Under which id a message is on record that carries none. Pub/Sub gives a message that it forwards to the dead-letter
 * topic a new messageId and keeps its publish time and data, so those two lead back.
 */
export interface BareMessage {
  readonly id: string;
  readonly requestId: string;
  readonly notedAtMs: number;
}

/** Longer than a message can wait: 7 days on each of the two subscriptions. */
const KEPT_MS = 15 * 24 * 60 * 60 * 1000;

export const BARE_MESSAGES: DocumentKind<BareMessage> = {
  name: "bare",
  // The store is ours alone: what parses as JSON there is what was written.
  parse: (value) => value as BareMessage,
  idOf: ({ id }) => id,
  expireAtMsOf: ({ notedAtMs }) => notedAtMs + KEPT_MS,
};

/** To be noted when a delivery is repeated or is to be: that is what may end on the dead-letter topic. */
export async function noteBareMessage(
  messages: Documents<BareMessage>,
  pushed: PushedMessage,
  requestId: string,
  nowMs: number,
): Promise<void> {
  await messages.create({ id: keyOf(pushed.publishTime, pushed.data), requestId, notedAtMs: nowMs });
}

/** The id of the request that a forwarded message was; null if nobody noted it. */
export async function requestIdOfForwarded(
  messages: Documents<BareMessage>,
  { attributes, data }: PushedMessage,
): Promise<string | null> {
  const publishTime = attributes.CloudPubSubDeadLetterSourceTopicPublishTime;
  if (publishTime === undefined) return null;
  return (await messages.get(keyOf(publishTime, data)))?.requestId ?? null;
}

/** The time by its milliseconds: Pub/Sub writes one and the same time with Z or with an offset. */
function keyOf(publishTime: string, data: Buffer): string {
  return createHash("sha256")
    .update(`${Date.parse(publishTime)}\n`)
    .update(data)
    .digest("hex")
    .slice(0, 40);
}
