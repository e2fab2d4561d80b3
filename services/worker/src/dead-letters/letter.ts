import type { FailureState, RecordProblem } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { ERROR_CODES, isErrorCode } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { problemOf } from "../failure-record.ts";

/** Why a message lies on the dead-letter topic. */
export interface Letter {
  /** `exhausted`: Pub/Sub forwarded it after its last attempt. `ours`: a worker published it. */
  readonly origin: "exhausted" | "ours";
  readonly state: FailureState;
  readonly problem: RecordProblem;
  /** The id under which the request was known; null for a message that carried none. */
  readonly requestId: string | null;
  /** Of one that is ours: the message that it was. */
  readonly sourceMessageId: string | null;
}

/**
 * Reads the attributes that say why: ours, or those that Pub/Sub adds
 * (https://cloud.google.com/pubsub/docs/dead-letter-topics#track_delivery_attempts).
 */
export function readLetter({ attributes }: PushedMessage): Letter {
  const requestId = attributes.id ?? null;
  const code = attributes.draftmillCode;
  if (code === undefined || attributes.CloudPubSubDeadLetterSourceDeliveryCount !== undefined) {
    return { origin: "exhausted", state: "dead", problem: exhausted(attributes), requestId, sourceMessageId: null };
  }
  const isPermanent = attributes.draftmillClass === "permanent";
  return {
    origin: "ours",
    state: isPermanent ? "failed" : "parked",
    problem: {
      code,
      detail: attributes.draftmillReason ?? titleOf(code),
      ...(attributes.draftmillRemedy === undefined ? {} : { remedy: attributes.draftmillRemedy }),
      retryable: !isPermanent,
    },
    requestId,
    sourceMessageId: attributes.draftmillSourceMessageId ?? null,
  };
}

function exhausted(attributes: Readonly<Record<string, string>>): RecordProblem {
  const attempts = attributes.CloudPubSubDeadLetterSourceDeliveryCount;
  const subscription = attributes.CloudPubSubDeadLetterSourceSubscription;
  const reason =
    attempts === undefined || subscription === undefined
      ? "It came to the dead-letter topic without saying why."
      : `Pub/Sub gave up after ${attempts} attempts on ${subscription}.`;
  return problemOf(new DraftError("ATTEMPTS_EXHAUSTED", { reason }));
}

function titleOf(code: string): string {
  return isErrorCode(code) ? ERROR_CODES[code].title : code;
}
