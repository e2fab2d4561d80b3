import type { DraftError } from "../errors.ts";
import type { PushedMessage } from "./pushed-message.ts";

/** A failed message as it goes to the dead-letter topic: the original data, so that replaying is publishing it again. */
export interface DeadLetter {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
}

/** https://cloud.google.com/pubsub/quotas#resource_limits: 100 attributes, 1,024 bytes a value. */
const ATTRIBUTES_MAX = 100;
const VALUE_BYTES_MAX = 1_024;
/** Reserved by Pub/Sub: a publish that carries such a name is refused, and so would be the dead letter. */
const RESERVED_PREFIX = "goog";

/** Builds the dead letter of a failure: code and reason for the reader, ids to trace it back, the original untouched. */
export function encodeDeadLetter(
  original: PushedMessage,
  id: string,
  error: DraftError,
  failedAtMs: number,
): DeadLetter {
  const ours: Record<string, string> = {
    id,
    draftmillCode: error.code,
    draftmillClass: error.class,
    draftmillReason: cut(error.reason),
    draftmillRemedy: cut(error.remedy),
    draftmillFailedAt: new Date(failedAtMs).toISOString(),
    draftmillSourceMessageId: original.messageId,
    draftmillSourceSubscription: cut(original.subscription),
  };
  const kept = Object.entries(original.attributes)
    .filter(([name]) => !name.startsWith(RESERVED_PREFIX))
    .slice(0, ATTRIBUTES_MAX - Object.keys(ours).length);
  return { data: original.data, attributes: { ...Object.fromEntries(kept), ...ours } };
}

/** Cuts to what an attribute may hold, never inside a character. Protocol Buffers take well-formed text only. */
function cut(given: string): string {
  const text = given.toWellFormed();
  if (Buffer.byteLength(text) <= VALUE_BYTES_MAX) return text;
  const room = Buffer.from(text).subarray(0, VALUE_BYTES_MAX - 3);
  // Streaming, so that it keeps back a character whose end was cut off.
  return `${new TextDecoder("utf-8", { ignoreBOM: true }).decode(room, { stream: true })}…`;
}
