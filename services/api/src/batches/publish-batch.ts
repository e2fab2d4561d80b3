import { encodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import type { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Publisher } from "../submit-draft.ts";

/** What the messages of one batch carry beside their requests. */
export interface BatchSource {
  readonly batch: string;
  readonly caller: string | null;
  readonly traceparent: string | undefined;
  /** Those of all that is published of it. */
  readonly orderingKeys: OrderingKeys;
}

/** A request of a batch, as little of it as its message takes. */
export interface BatchRequest {
  readonly id: string;
  readonly mailbox: string;
  /** The request with its mailbox. */
  readonly json: string;
}

/** Publishes requests of a batch together. Throws PUBLISH_UNCONFIRMED, which leaves open which of them Pub/Sub has. */
export async function publishBatch(
  publisher: Publisher,
  { batch, caller, traceparent, orderingKeys }: BatchSource,
  requests: readonly BatchRequest[],
): Promise<void> {
  const common = {
    batch,
    ...(caller === null ? {} : { caller }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
  const keys = orderingKeys.of(requests);
  const messages = requests.map(({ id, json }, n) => encodeDraftMessage(json, { id, ...common }, keys[n] ?? null));
  try {
    await publisher.publishAll(messages);
  } catch (error) {
    throw new DraftError("PUBLISH_UNCONFIRMED", { cause: error, applied: "unknown" });
  }
}
