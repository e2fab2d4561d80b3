import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { type Logger, traceFields } from "@draftmill/shared/log.ts";
import type { Outcome } from "./outcome.ts";
import type { Delivered } from "./process-draft.ts";

interface LoggedDelivery extends Delivered {
  readonly pushed: PushedMessage;
  readonly status: number;
  readonly durationMs: number;
}

/** One wide event for each delivery. No body, no address, no token. */
export function logDelivery(
  { log, project }: { readonly log: Logger; readonly project: string | undefined },
  { pushed, requestId, outcome, status, durationMs }: LoggedDelivery,
): void {
  const fields = {
    messageId: pushed.messageId,
    requestId,
    deliveryAttempt: pushed.deliveryAttempt,
    bytes: pushed.data.length,
    batch: pushed.attributes.batch ?? null,
    outcome: outcome.kind,
    status,
    durationMs: Math.round(durationMs),
    ...traceFields(pushed.attributes.traceparent, project),
    ...outcomeFields(outcome),
  };
  if (outcome.kind === "retry" || outcome.kind === "dead-lettered") log.warn(fields, "draft.settled");
  else log.info(fields, "draft.settled");
}

function outcomeFields(outcome: Outcome): Record<string, unknown> {
  switch (outcome.kind) {
    case "created":
      return { draftId: outcome.draftId, found: outcome.found };
    case "duplicate":
      return { state: outcome.state };
    case "parked":
      return { code: outcome.code, incident: outcome.incident };
    case "scheduled":
      return { notBefore: new Date(outcome.notBeforeMs).toISOString() };
    case "canceled":
      return { code: outcome.code };
    case "handed-back":
      return { code: outcome.error.code, reason: outcome.error.reason };
    case "dead-lettered":
    case "retry": {
      const { error } = outcome;
      const { code, class: failureClass, reason, applied, cause } = error;
      const isOurs = code === "INTERNAL" && cause !== undefined;
      const details = isOurs ? { err: cause } : {};
      return { code, class: failureClass, reason, remedy: error.remedyWithoutAddress, applied, ...details };
    }
    default:
      return outcome satisfies never;
  }
}
