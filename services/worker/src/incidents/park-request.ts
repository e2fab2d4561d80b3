import { encodeDeadLetter } from "@draftmill/shared/contract/dead-letter.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { isErrorCode } from "@draftmill/shared/error-codes.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { Incident } from "@draftmill/shared/incident/incident.ts";
import type { Refused } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { DeadLetterDeps } from "../dead-letter-request.ts";
import type { Outcome } from "../outcome.ts";

/** A record with a body beyond this may not fit a store's document; its dead letter keeps it then. */
const BODY_KEPT_MAX_BYTES = 500_000;

/**
 * Sets a request aside for an incident of its mailbox: no call to Google, no claim. The ledger keeps its body, so that no
 * dead letter is needed, and a replay takes it up once the incident is over. Null while another delivery has it.
 */
export async function parkRequest(
  deps: DeadLetterDeps,
  pushed: PushedMessage,
  record: DraftRecord,
  incident: Incident,
): Promise<Outcome | Extract<Refused, { kind: "busy" | "conflict" }>> {
  const { problem, code } = incident;
  if (pushed.data.length > BODY_KEPT_MAX_BYTES) {
    const error = new DraftError(isErrorCode(code) ? code : "GMAIL_FORBIDDEN", { reason: problem.detail });
    await deps.deadLetters.publish(encodeDeadLetter(pushed, record.id, error, deps.clock.nowMs()));
  }
  const body = pushed.data.toString("utf8");
  const parked = await deps.ledger.failUnclaimed(record, { state: "parked", problem: { ...problem, code }, body });
  switch (parked.kind) {
    case "settled":
      return { kind: "parked", code, incident: incident.id };
    case "duplicate":
      return { kind: "duplicate", state: parked.record.state };
    case "conflict":
    case "busy":
      return parked;
    default:
      return parked satisfies never;
  }
}
