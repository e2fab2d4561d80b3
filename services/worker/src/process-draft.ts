import { decodeDraftMessage, invalidRequest } from "@draftmill/shared/contract/draft-message.ts";
import type { DraftIds, DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type MailboxPolicy, mailboxNotAllowed, mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { tooFarAhead } from "@draftmill/shared/contract/not-before.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { withDeadline } from "@draftmill/shared/deadline.ts";
import { DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { Claimed } from "@draftmill/shared/ledger/ledger-answers.ts";
import { noteRepetition } from "./batches/note-repetition.ts";
import { type BeginDeps, type Begun, beginDraft, type Work } from "./begin-draft.ts";
import {
  type DeadLetterDeps,
  deadLetterClaimed,
  deadLetterForeign,
  deadLetterUnclaimed,
} from "./dead-letter-request.ts";
import { type BareMessage, noteBareMessage } from "./dead-letters/bare-message.ts";
import type { ResultEvents } from "./events/result-events.ts";
import { requestRecord, unreadableRecord } from "./failure-record.ts";
import type { Gmail } from "./gmail/gmail-port.ts";
import { knownDraftIds } from "./known-drafts.ts";
import type { Outcome } from "./outcome.ts";
import { refusalOf } from "./pacing/refusal-of.ts";
import { held, untilMoved } from "./until-moved.ts";

export interface ProcessDeps extends DeadLetterDeps, BeginDeps {
  readonly gmail: Gmail;
  /** Null where nobody wants any. */
  readonly events: ResultEvents | null;
  readonly bareMessages: Documents<BareMessage>;
  readonly mailboxes: MailboxPolicy;
  readonly defaultMailbox: string | null;
  readonly leaseMs: number;
  readonly random: () => number;
}

/** How often a failure that certainly made no draft is tried again at once before Pub/Sub's own retry takes over. */
const TRIES_AT_ONCE = 3;
const FIRST_PAUSE_MS = 300;

/** What the api took is not refused here for a clock that is behind the api's. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/** How the delivery of a request ended. */
export interface Delivered {
  readonly requestId: string;
  readonly outcome: Outcome;
}

/**
 * One delivery of one message, from its bytes to its outcome. Never throws: what is not understood is a retry.
 * `hold` ends the waiting (for speed, for another claim), never a call that is under way.
 */
export async function processDraft(deps: ProcessDeps, pushed: PushedMessage, hold: AbortSignal): Promise<Delivered> {
  const read = readMessage(deps, pushed);
  const { requestId } = read;
  // Known by its messageId alone, which it loses should Pub/Sub give it up.
  const isBare = requestId === pushed.messageId;
  const note = (): Promise<void> =>
    noteBareMessage(deps.bareMessages, pushed, requestId, deps.clock.nowMs()).catch(() => {});
  // The delivery before may have died without a word.
  const isRepeated = pushed.deliveryAttempt !== null && pushed.deliveryAttempt > 1;
  if (isBare && isRepeated) await note();
  const outcome = await told(deps, await outcomeOf(deps, pushed, read, hold));
  if (isBare && !isRepeated && outcome.kind === "retry") await note();
  return { requestId, outcome };
}

async function outcomeOf(deps: ProcessDeps, pushed: PushedMessage, read: Read, hold: AbortSignal): Promise<Outcome> {
  try {
    return read.refused === null
      ? await makeDraft(deps, { pushed, ...read }, hold)
      : await deadLetterUnclaimed(deps, pushed, read.record, read.refused);
  } catch (error) {
    return { kind: "retry", error: toDraftError(error) };
  }
}

/** A request of up to so many bytes is kept as it was read while it waits: to read it again takes longer than to compose its mail. */
const KEPT_BYTES_MAX = 16 * 1024;

/** What is kept of a message while it waits: a request that may have 10 MB is read again from its bytes in its turn. */
type Read = { readonly requestId: string; readonly record: DraftRecord } & (
  | { readonly refused: DraftError }
  | (Omit<Work, "pushed"> & { readonly refused: null })
);

function readMessage(deps: ProcessDeps, pushed: PushedMessage): Read {
  const nowMs = deps.clock.nowMs();
  const decoded = decodeDraftMessage(pushed, deps.defaultMailbox);
  if (!decoded.ok) {
    const { id, error } = decoded;
    return { requestId: id, record: unreadableRecord(id, pushed, nowMs), refused: error };
  }
  const { request, id, accepted } = decoded.message;
  const record = requestRecord(decoded.message, nowMs);
  const known = { requestId: id, record };
  if (!mayImpersonate(deps.mailboxes, request.mailbox)) return { ...known, refused: mailboxNotAllowed() };
  const tooFar = tooFarAhead(request, nowMs, CLOCKS_DIFFER_MS);
  if (tooFar !== null) return { ...known, refused: invalidRequest([tooFar]) };
  const kept = pushed.data.length <= KEPT_BYTES_MAX ? request : null;
  return { ...known, refused: null, nowMs, acceptedRevision: accepted?.revision, request: kept };
}

/**
 * Tells what is on record now, before the message is acknowledged. Should that fail, or this process end first, the next delivery meets
 * a request that has ended, and tells it again.
 */
async function told({ events }: ProcessDeps, outcome: Outcome): Promise<Outcome> {
  if (events === null || !("record" in outcome) || outcome.record === null) return outcome;
  try {
    await events.tellDraft(outcome.record);
    return outcome;
  } catch (error) {
    return { kind: "retry", error: toDraftError(error) };
  }
}

async function makeDraft(deps: ProcessDeps, work: Work, hold: AbortSignal): Promise<Outcome> {
  const { ledger, clock } = deps;
  const { pushed, record } = work;
  const { id, mailbox } = record;
  // It vouches for a record that was never claimed: true at most once.
  let revision = work.acceptedRevision;
  for (let failures = 0, isAgain = false; ; ) {
    const begun = await beginDraft(deps, work, { isAgain, revision }, hold);
    revision = undefined;
    switch (begun.kind) {
      case "parked":
      case "scheduled":
      case "canceled":
      case "handed-back":
        return begun;
      case "uncomposed":
        return deadLetterUnclaimed(deps, pushed, record, begun.error);
      case "duplicate":
        await noteRepetition(ledger, record, begun.record);
        return { kind: "duplicate", state: begun.record.state, record: begun.record };
      case "conflict":
        return deadLetterForeign(deps, pushed, id, new DraftError("REQUEST_ID_REUSED"));
      case "busy":
        // Its owner may be gone: acknowledging now could lose the request.
        await held(untilMoved(deps, id, begun.retryAfterMs, hold), hold, "CLAIM_BUSY");
        continue;
      case "begun":
        break;
      default:
        return begun satisfies never;
    }
    using taken = begun.taken;
    const { claim, admission } = begun;
    const attempt = await attemptDraft(deps, record, begun);
    if (attempt.kind === "created") {
      // One that was found was not asked for.
      if (!attempt.found) admission.served();
      return attempt;
    }
    const { error } = attempt;
    if (error.applied === "unknown" || error.class === "permanent") admission.spent();
    // A create that may have left and may have landed keeps its claim: only a look at the mailbox can tell, and only
    // after the lease, when a late landing has shown itself.
    if (error.applied === "unknown") return { kind: "retry", error };
    switch (error.class) {
      case "permanent":
        return deadLetterClaimed(deps, pushed, claim, error);
      case "admin":
        // First, as only an incident that is over takes up what is parked: whoever is parked without one would stay so.
        await deps.incidents.open(mailbox, error);
        return deadLetterClaimed(deps, pushed, claim, error);
      case "throttled":
        admission.refused(refusalOf(error));
        await ledger.release(claim, "throttled");
        isAgain = true;
        continue;
      case "transient":
        await ledger.release(claim, null);
        taken.dispose();
        failures += 1;
        if (failures === TRIES_AT_ONCE) return { kind: "retry", error };
        await held(clock.sleep(pauseMs(failures, deps.random()), hold), hold, error.code);
        continue;
      default:
        return error.class satisfies never;
    }
  }
}

/** Doubles with each failure; half of it is chance, so that workers that failed together do not come back together. */
function pauseMs(failures: number, random: number): number {
  return FIRST_PAUSE_MS * 2 ** failures * (0.5 + random / 2);
}

type Attempt = Extract<Outcome, { kind: "created" }> | { readonly kind: "refused"; readonly error: DraftError };

/** Under a claim: look if need be, create, record. Every single call has its own deadline; this one is for all of them together. */
function attemptDraft(deps: ProcessDeps, record: DraftRecord, begun: Begun): Promise<Attempt> {
  return withDeadline(deps.leaseMs / 2, null, (signal) => attemptWithin(deps, record, begun, signal));
}

async function attemptWithin(
  deps: ProcessDeps,
  { id, mailbox }: DraftRecord,
  { claim, content }: Begun,
  signal: AbortSignal,
): Promise<Attempt> {
  const { gmail, ledger } = deps;
  let found: DraftIds | null = null;
  if (claim.mustFind) {
    try {
      const known = await knownDraftIds(ledger, mailbox);
      found = await gmail.findDraft(mailbox, id, (draftId) => known.has(draftId), signal);
    } catch (error) {
      // Looking changes nothing, however it fails: the release restores the taint and the next claim looks again.
      return { kind: "refused", error: toDraftError(error).asNotApplied() };
    }
  }
  try {
    const draft = found ?? (await gmail.createDraft(mailbox, content, signal, () => assertLeaseFresh(deps, claim)));
    const settled = await ledger.complete(claim, draft);
    if (settled.kind === "fenced-off") {
      // Another claim has the request. It finds this draft, unless it has looked already: then it is one too many.
      await ledger.suspect(id);
      return { kind: "refused", error: new DraftError("LEASE_SPENT", { applied: "unknown" }) };
    }
    return { kind: "created", draftId: draft.draftId, found: found !== null, record: settled.record };
  } catch (error) {
    return { kind: "refused", error: toDraftError(error) };
  }
}

/** The POST may leave in the first third of the lease only, by either clock, so that its landing shows before the next find. */
function assertLeaseFresh({ clock, leaseMs }: ProcessDeps, claim: Claimed): void {
  const byMonotonicMs = clock.monotonicMs() - claim.leaseStartedMonotonicMs;
  const byWallMs = Math.abs(clock.nowMs() - claim.leaseStartedWallMs);
  if (Math.max(byMonotonicMs, byWallMs) > leaseMs / 3) throw new DraftError("LEASE_SPENT");
}
