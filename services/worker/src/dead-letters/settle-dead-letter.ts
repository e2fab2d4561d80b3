import { decodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import { type DraftRecord, type DraftState, isLegalMove } from "@draftmill/shared/contract/draft-record.ts";
import { mailboxNotAllowed } from "@draftmill/shared/contract/mailbox-policy.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { isRequestId } from "@draftmill/shared/contract/request-id.ts";
import { type DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { ResultEvents } from "../events/result-events.ts";
import { problemOf, requestRecord, unreadableRecord } from "../failure-record.ts";
import type { Gmail } from "../gmail/gmail-port.ts";
import { knownDraftIds } from "../known-drafts.ts";
import { held, untilMoved, type WaitDeps } from "../until-moved.ts";
import { type BareMessage, requestIdOfForwarded } from "./bare-message.ts";
import { type Letter, readLetter } from "./letter.ts";

export interface DeadLetterDeps extends WaitDeps {
  readonly gmail: Gmail;
  readonly bareMessages: Documents<BareMessage>;
  readonly events: ResultEvents | null;
  readonly defaultMailbox: string | null;
}

/** How the delivery of a dead letter ended. All but `retry` acknowledge it. */
export type LetterOutcome =
  /** It is on record as a failure from here on, with its body. */
  | { readonly kind: "recorded"; readonly state: DraftState; readonly code: string; readonly record: DraftRecord }
  /** Its draft was in the mailbox all the same. */
  | { readonly kind: "adopted"; readonly draftId: string; readonly record: DraftRecord }
  /** The request had ended before. */
  | { readonly kind: "known"; readonly state: DraftState; readonly record: DraftRecord }
  /** The request has been taken up again since. */
  | { readonly kind: "stale" }
  | { readonly kind: "retry"; readonly error: DraftError };

export interface LetterSettled {
  readonly requestId: string;
  readonly outcome: LetterOutcome;
}

/** Looking for the draft is worth a moment; the sweep looks again in any case. */
const FIND_WITHIN_MS = 30_000;

/** One delivery of one dead letter. Never throws: what is not understood is a retry. */
export async function settleDeadLetter(
  deps: DeadLetterDeps,
  pushed: PushedMessage,
  hold: AbortSignal,
): Promise<LetterSettled> {
  const letter = withFields(readLetter(pushed), pushed, deps.defaultMailbox);
  let requestId = letter.requestId ?? pushed.messageId;
  try {
    requestId = await requestIdOf(deps, letter, pushed);
    const outcome = await record(deps, letter, pushed, candidateOf(deps, requestId, pushed), hold);
    // Known as well: the delivery before may have recorded it and told nobody.
    if ("record" in outcome) await deps.events?.tellDraft(outcome.record);
    return { requestId, outcome };
  } catch (error) {
    return { requestId, outcome: { kind: "retry", error: toDraftError(error) } };
  }
}

/** A letter's attributes have no room for each field at fault: the request itself tells, as it told the worker that refused it. */
function withFields(letter: Letter, pushed: PushedMessage, defaultMailbox: string | null): Letter {
  const decoded = decodeDraftMessage(pushed, defaultMailbox);
  const error = decoded.ok ? mailboxNotAllowed() : decoded.error;
  const isTheSame = letter.origin === "ours" && error.code === letter.problem.code;
  return isTheSame ? { ...letter, problem: problemOf(error) } : letter;
}

/** The id of its record. One that came under another request's id gets a record of its own. */
async function requestIdOf(deps: DeadLetterDeps, letter: Letter, pushed: PushedMessage): Promise<string> {
  if (letter.problem.code === "REQUEST_ID_REUSED") return foreignIdOf(letter.sourceMessageId ?? pushed.messageId);
  if (letter.requestId !== null && isRequestId(letter.requestId)) return letter.requestId;
  const decoded = decodeDraftMessage(pushed, deps.defaultMailbox);
  if (decoded.ok && decoded.message.request.dedupeKey !== null) return decoded.message.id;
  return (await requestIdOfForwarded(deps.bareMessages, pushed)) ?? pushed.messageId;
}

function foreignIdOf(messageId: string): string {
  return `reused-${messageId}`;
}

function candidateOf({ clock, defaultMailbox }: DeadLetterDeps, id: string, pushed: PushedMessage): DraftRecord {
  const { id: _, ...attributes } = pushed.attributes;
  const decoded = decodeDraftMessage({ ...pushed, attributes }, defaultMailbox);
  if (!decoded.ok) return unreadableRecord(id, pushed, clock.nowMs());
  return requestRecord({ ...decoded.message, id }, clock.nowMs());
}

async function record(
  deps: DeadLetterDeps,
  letter: Letter,
  pushed: PushedMessage,
  candidate: DraftRecord,
  hold: AbortSignal,
): Promise<LetterOutcome> {
  const { ledger } = deps;
  for (;;) {
    const stored = await ledger.get(candidate.id);
    if (stored !== null && stored.bodyHash !== candidate.bodyHash) {
      return record(deps, letter, pushed, { ...candidate, id: foreignIdOf(pushed.messageId) }, hold);
    }
    if (stored !== null && candidate.generation < stored.generation) return { kind: "stale" };
    if (stored !== null && !isLegalMove("refuse", stored.state, letter.state)) {
      return { kind: "known", state: stored.state, record: stored };
    }
    const found = stored?.tainted && letter.origin === "exhausted" ? await adoptDraft(deps, stored) : null;
    if (found !== null) return found;
    const body = pushed.data.toString("utf8");
    const refused = await ledger.failUnclaimed(candidate, { state: letter.state, problem: letter.problem, body });
    switch (refused.kind) {
      case "settled":
        return { kind: "recorded", state: refused.record.state, code: letter.problem.code, record: refused.record };
      case "duplicate":
        if (candidate.generation < refused.record.generation) return { kind: "stale" };
        return { kind: "known", state: refused.record.state, record: refused.record };
      case "conflict":
        continue;
      case "busy":
        // Its owner may still make the draft, or be the one that published this letter and is about to record it.
        await held(untilMoved(deps, candidate.id, refused.retryAfterMs, hold), hold, "CLAIM_BUSY");
        continue;
      default:
        return refused satisfies never;
    }
  }
}

/** Before a request is reported dead its draft is looked for. In trouble with Google it is left to the sweep. */
async function adoptDraft({ ledger, gmail }: DeadLetterDeps, stored: DraftRecord): Promise<LetterOutcome | null> {
  try {
    const signal = AbortSignal.timeout(FIND_WITHIN_MS);
    const known = await knownDraftIds(ledger, stored.mailbox);
    const draft = await gmail.findDraft(stored.mailbox, stored.id, (draftId) => known.has(draftId), signal);
    if (draft === null) return null;
    const moved = await ledger.adopt(stored.id, draft);
    return moved.kind === "moved" ? { kind: "adopted", draftId: draft.draftId, record: moved.record } : null;
  } catch (error) {
    if (toDraftError(error).code === "LEDGER_UNAVAILABLE") throw error;
    return null;
  }
}

/** 204 acknowledges, 503 asks for another delivery. */
export function letterStatusOf({ kind }: LetterOutcome): 204 | 503 {
  return kind === "retry" ? 503 : 204;
}
