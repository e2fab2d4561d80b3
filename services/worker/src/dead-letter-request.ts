import type { Clock } from "@draftmill/shared/clock.ts";
import { encodeDeadLetter } from "@draftmill/shared/contract/dead-letter.ts";
import { type DraftRecord, isLegalMove } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Claimed } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { DeadLetterPublisher } from "./dead-letter-publisher.ts";
import { failureOf } from "./failure-record.ts";
import type { Outcome } from "./outcome.ts";

export interface DeadLetterDeps {
  readonly ledger: DraftLedger;
  readonly deadLetters: DeadLetterPublisher;
  readonly clock: Clock;
}

/** Dead letter first, record second, acknowledge last: whatever breaks in between, the request is still somewhere. */
export async function deadLetterClaimed(
  deps: DeadLetterDeps,
  pushed: PushedMessage,
  claim: Claimed,
  error: DraftError,
): Promise<Outcome> {
  await deps.deadLetters.publish(encodeDeadLetter(pushed, claim.record.id, error, deps.clock.nowMs()));
  const settled = await deps.ledger.fail(claim, failureOf(error, pushed));
  return settled.kind === "settled"
    ? { kind: "dead-lettered", error, record: settled.record }
    : { kind: "retry", error: new DraftError("LEASE_SPENT") };
}

export async function deadLetterUnclaimed(
  deps: DeadLetterDeps,
  pushed: PushedMessage,
  record: DraftRecord,
  error: DraftError,
): Promise<Outcome> {
  const known = await deps.ledger.get(record.id);
  if (known !== null && known.bodyHash === record.bodyHash && !isLegalMove("refuse", known.state, "failed")) {
    return { kind: "duplicate", state: known.state, record: known };
  }
  await deps.deadLetters.publish(encodeDeadLetter(pushed, record.id, error, deps.clock.nowMs()));
  const refused = await deps.ledger.failUnclaimed(record, failureOf(error, pushed));
  return refused.kind === "busy"
    ? { kind: "retry", error: new DraftError("CLAIM_BUSY", { retryAfterMs: refused.retryAfterMs }) }
    : { kind: "dead-lettered", error, record: refused.kind === "conflict" ? null : refused.record };
}

/** The record under this id is another request's and is left alone; the dead letter alone tells of this one. */
export async function deadLetterForeign(
  deps: DeadLetterDeps,
  pushed: PushedMessage,
  id: string,
  error: DraftError,
): Promise<Outcome> {
  await deps.deadLetters.publish(encodeDeadLetter(pushed, id, error, deps.clock.nowMs()));
  return { kind: "dead-lettered", error, record: null };
}
