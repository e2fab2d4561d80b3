import type { Clock } from "@draftmill/shared/clock.ts";
import type { AckIds } from "./ack-id.ts";
import type { Broker } from "./broker.ts";
import { invalid } from "./pubsub-error.ts";
import type { WireMessage } from "./wire-message.ts";

/** What a call is answered from. */
export interface Service {
  readonly broker: Broker;
  readonly ackIds: AckIds;
  readonly clock: Clock;
}

/**
 * One unary call, whatever it came by: reads the request, answers with a response object in the request's spelling or
 * throws a `PubsubError`. `signal` aborts when the caller has gone.
 */
export type Method = (service: Service, request: WireMessage, signal: AbortSignal) => Promise<Record<string, unknown>>;

export function required(request: WireMessage, field: string): WireMessage {
  const message = request.message(field);
  if (message === undefined) throw invalid(`${field} is required.`);
  return message;
}
