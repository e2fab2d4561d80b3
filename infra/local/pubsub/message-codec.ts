import type { NewMessage, StoredMessage } from "./message.ts";
import type { WireFormat } from "./wire-format.ts";
import type { WireMessage } from "./wire-message.ts";

/** messageId and publishTime are the service's to set: sent by a publisher they are ignored, as Pub/Sub does. */
export function readMessage(wire: WireMessage): NewMessage {
  const message = {
    data: wire.bytes("data"),
    attributes: wire.map("attributes"),
    orderingKey: wire.string("orderingKey"),
  };
  wire.skip("messageId", "publishTime").refuseTheRest();
  return message;
}

export function writeMessage(message: StoredMessage, format: WireFormat): Record<string, unknown> {
  return {
    messageId: String(message.id),
    publishTime: format.fromTimestamp(message.publishTimeMs),
    ...(message.data.byteLength > 0 && { data: format.fromBytes(message.data) }),
    ...(Object.keys(message.attributes).length > 0 && { attributes: message.attributes }),
    ...(message.orderingKey !== "" && { orderingKey: message.orderingKey }),
  };
}
