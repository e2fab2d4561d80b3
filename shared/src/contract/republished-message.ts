import { type EncodedMessage, encodeDraftMessage, type MessageAttributes } from "./draft-message.ts";
import type { DraftRecord } from "./draft-record.ts";
import { orderingKeyOf } from "./ordering-key.ts";
import type { PushedMessage } from "./pushed-message.ts";

/**
 * The message of a request, for publishing it once more: the same id, so that whatever came of an earlier message is found,
 * and the record's generation.
 * @param body the record's body, from `DraftLedger.bodyOf`
 */
export function encodeRepublished(record: DraftRecord, body: string, orderingShards: number): EncodedMessage {
  const { id, mailbox, caller, batch, generation, replayedBy } = record;
  const attributes = {
    id,
    ...(caller === null ? {} : { caller }),
    ...(batch === null ? {} : { batch }),
    ...(generation === 0 ? {} : { generation: String(generation) }),
    ...(replayedBy === null ? {} : { replay: replayedBy }),
  };
  // What could not be read as a request has no mailbox, and nothing to wait in line for.
  if (mailbox === "") return encodeDraftMessage(body, attributes, null);
  return encodeDraftMessage(complete(body, record), attributes, orderingKeyOf(mailbox, id, orderingShards));
}

/**
 * What was not in the body makes the request what it is all the same: a mailbox that was the default, which may be another
 * by now, and a dedupeKey that came as an attribute.
 */
function complete(body: string, { mailbox, dedupeKey }: DraftRecord): string {
  const request: object = JSON.parse(body);
  return JSON.stringify({ ...request, mailbox, ...(dedupeKey === null ? {} : { dedupeKey }) });
}

/**
 * The very message once more, for the end of its key's line. It names the id that its request has: a message that carries none
 * would stand for another request under its new messageId. A producer's key is kept; one that came without gets the mailbox's.
 */
export function encodeOnceMore(
  { data, attributes, orderingKey }: PushedMessage,
  { id, mailbox }: Pick<DraftRecord, "id" | "mailbox">,
  orderingShards: number,
): EncodedMessage {
  const { dedupeKey, caller, batch, traceparent, generation, replay, accepted }: MessageAttributes = attributes;
  const given = { dedupeKey, caller, batch, traceparent, generation, replay, accepted };
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const key = orderingShards === 0 ? null : (orderingKey ?? orderingKeyOf(mailbox, id, orderingShards));
  return { data, attributes: { ...Object.fromEntries(known), id }, orderingKey: key };
}
