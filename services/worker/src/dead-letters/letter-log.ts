import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { type Logger, traceFields } from "@draftmill/shared/log.ts";
import type { LetterOutcome, LetterSettled } from "./settle-dead-letter.ts";

interface LoggedLetter extends LetterSettled {
  readonly pushed: PushedMessage;
  readonly status: number;
  readonly durationMs: number;
}

/** One wide event for each delivery of a dead letter. No body, no address. */
export function logLetter(
  { log, project }: { readonly log: Logger; readonly project: string | undefined },
  { pushed, requestId, outcome, status, durationMs }: LoggedLetter,
): void {
  const fields = {
    messageId: pushed.messageId,
    requestId,
    deliveryAttempt: pushed.deliveryAttempt,
    bytes: pushed.data.length,
    outcome: outcome.kind,
    status,
    durationMs: Math.round(durationMs),
    ...traceFields(pushed.attributes.traceparent, project),
    ...letterFields(outcome),
  };
  if (outcome.kind === "recorded" || outcome.kind === "retry") log.warn(fields, "dead-letter.settled");
  else log.info(fields, "dead-letter.settled");
}

function letterFields(outcome: LetterOutcome): Record<string, unknown> {
  switch (outcome.kind) {
    case "recorded":
      return { state: outcome.state, code: outcome.code };
    case "adopted":
      return { draftId: outcome.draftId };
    case "known":
      return { state: outcome.state };
    case "stale":
      return {};
    case "retry":
      return { code: outcome.error.code, reason: outcome.error.reason };
    default:
      return outcome satisfies never;
  }
}
