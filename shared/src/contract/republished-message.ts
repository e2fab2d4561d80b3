import { type EncodedMessage, encodeDraftMessage, orderingKeyOf } from "./draft-message.ts";
import type { DraftRecord } from "./draft-record.ts";

/**
 * The message of a request whose body is on record, for publishing it once more: the same id, so that whatever came of an
 * earlier message is found, and the record's generation. Null where the record has no body.
 */
export function encodeRepublished(record: DraftRecord, orderingShards: number): EncodedMessage | null {
  const { id, body, mailbox, caller, batch, generation } = record;
  if (body === null) return null;
  const attributes = {
    id,
    ...(caller === null ? {} : { caller }),
    ...(batch === null ? {} : { batch }),
    ...(generation === 0 ? {} : { generation: String(generation) }),
  };
  // What could not be read as a request has no mailbox, and nothing to wait in line for.
  return encodeDraftMessage(body, attributes, mailbox === "" ? null : orderingKeyOf(mailbox, id, orderingShards));
}
