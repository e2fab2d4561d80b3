import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { type DraftMessage, decodeDraftMessage, invalidRequest } from "@draftmill/shared/contract/draft-message.ts";
import type { DraftIds, DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type MailboxPolicy, mailboxNotAllowed, mayImpersonate } from "@draftmill/shared/contract/mailbox-policy.ts";
import { tooFarAhead } from "@draftmill/shared/contract/not-before.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";
import type { Claimed, NotClaimed } from "@draftmill/shared/ledger/ledger-answers.ts";
import { noteRepetition } from "./batches/note-repetition.ts";
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
import { QUOTA_UNITS } from "./gmail/quota-units.ts";
import { knownDraftIds } from "./known-drafts.ts";
import type { Outcome } from "./outcome.ts";
import { type Admission, NO_ADMISSION, type Pacer, type Turn } from "./pacing/pacer.ts";
import { refusalOf } from "./pacing/refusal-of.ts";
import { type SetAside, type SetAsideDeps, setAside } from "./set-aside.ts";
import { held, untilMoved } from "./until-moved.ts";

export interface ProcessDeps extends DeadLetterDeps, SetAsideDeps {
  readonly gmail: Gmail;
  readonly pacer: Pacer;
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
  const decoded = decodeDraftMessage(pushed, deps.defaultMailbox);
  const requestId = decoded.ok ? decoded.message.id : decoded.id;
  // Known by its messageId alone, which it loses should Pub/Sub give it up.
  const isBare = requestId === pushed.messageId;
  const note = (): Promise<void> =>
    noteBareMessage(deps.bareMessages, pushed, requestId, deps.clock.nowMs()).catch(() => {});
  // The delivery before may have died without a word.
  const isRepeated = pushed.deliveryAttempt !== null && pushed.deliveryAttempt > 1;
  if (isBare && isRepeated) await note();
  const outcome = await told(deps, await outcomeOf(deps, pushed, decoded, hold));
  if (isBare && !isRepeated && outcome.kind === "retry") await note();
  return { requestId, outcome };
}

async function outcomeOf(
  deps: ProcessDeps,
  pushed: PushedMessage,
  decoded: ReturnType<typeof decodeDraftMessage>,
  hold: AbortSignal,
): Promise<Outcome> {
  try {
    return decoded.ok
      ? await processRequest(deps, pushed, decoded.message, hold)
      : await deadLetterUnclaimed(
          deps,
          pushed,
          unreadableRecord(decoded.id, pushed, deps.clock.nowMs()),
          decoded.error,
        );
  } catch (error) {
    return { kind: "retry", error: toDraftError(error) };
  }
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

async function processRequest(
  deps: ProcessDeps,
  pushed: PushedMessage,
  message: DraftMessage,
  hold: AbortSignal,
): Promise<Outcome> {
  const nowMs = deps.clock.nowMs();
  const record = requestRecord(message, nowMs);
  if (!mayImpersonate(deps.mailboxes, message.request.mailbox)) {
    return deadLetterUnclaimed(deps, pushed, record, mailboxNotAllowed());
  }
  const tooFar = tooFarAhead(message.request, nowMs, CLOCKS_DIFFER_MS);
  if (tooFar !== null) return deadLetterUnclaimed(deps, pushed, record, invalidRequest([tooFar]));
  let mime: Buffer;
  try {
    mime = await composeMessage(message.request, { id: message.id, nowMs });
  } catch (error) {
    const failure = toDraftError(error);
    if (failure.class === "permanent") return deadLetterUnclaimed(deps, pushed, record, failure);
    throw error;
  }
  return makeDraft(deps, pushed, { message, record, mime }, hold);
}

interface Work {
  readonly message: DraftMessage;
  readonly record: DraftRecord;
  readonly mime: Buffer;
}

async function makeDraft(deps: ProcessDeps, pushed: PushedMessage, work: Work, hold: AbortSignal): Promise<Outcome> {
  const { ledger, clock } = deps;
  const { message, record } = work;
  const { mailbox } = message.request;
  const line = message.batch === null ? null : `batch ${message.batch}`;
  const units = QUOTA_UNITS["drafts.create"];
  // It vouches for a record that was never claimed: true at most once.
  let revision = message.accepted?.revision;
  for (let failures = 0, isAgain = false; ; ) {
    const begun = await begin(deps, pushed, work, { mailbox, line, units, isAgain }, revision, hold);
    using admission = begun.admission;
    const { claim } = begun;
    revision = undefined;
    switch (claim.kind) {
      case "parked":
      case "scheduled":
      case "canceled":
        return claim;
      case "duplicate":
        await noteRepetition(ledger, record, claim.record);
        return { kind: "duplicate", state: claim.record.state, record: claim.record };
      case "conflict":
        return deadLetterForeign(deps, pushed, message.id, new DraftError("REQUEST_ID_REUSED"));
      case "busy":
        admission.unused();
        // Its owner may be gone: acknowledging now could lose the request.
        await held(untilMoved(deps, message.id, claim.retryAfterMs, hold), hold, "CLAIM_BUSY");
        continue;
      case "claimed":
        break;
      default:
        return claim satisfies never;
    }
    const attempt = await attemptDraft(deps, work, claim);
    if (attempt.kind === "created") {
      // One that was found was not asked for.
      if (!attempt.found) admission.served();
      return attempt;
    }
    const { error } = attempt;
    // A create that may have left and may have landed keeps its claim: only a look at the mailbox can tell, and only
    // after the lease, when a late landing has shown itself.
    if (error.applied === "unknown") {
      admission.spent();
      return { kind: "retry", error };
    }
    switch (error.class) {
      case "permanent":
        admission.spent();
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
        admission.unused();
        await ledger.release(claim, null);
        failures += 1;
        if (failures === TRIES_AT_ONCE) return { kind: "retry", error };
        await held(clock.sleep(pauseMs(failures, deps.random()), hold), hold, error.code);
        continue;
      default:
        return error.class satisfies never;
    }
  }
}

interface Begun {
  readonly claim: SetAside | Claimed | NotClaimed;
  readonly admission: Admission;
}

/**
 * Waits for the request's turn and claims it, unless it is to be set aside. That is asked before the wait, as what is not to be made
 * takes nobody's turn, and after it, as much can happen meanwhile. Waiting, for its time as for its turn, comes before the claim, so
 * that leases stay short.
 */
async function begin(
  deps: ProcessDeps,
  pushed: PushedMessage,
  { record }: Work,
  turn: Turn,
  acceptedRevision: string | undefined,
  hold: AbortSignal,
): Promise<Begun> {
  const before = await setAside(deps, pushed, record);
  if (before !== null) return { claim: before, admission: NO_ADMISSION };
  const earlyMs = (record.notBeforeMs ?? 0) - deps.clock.nowMs();
  if (earlyMs > 0) await held(deps.clock.sleep(earlyMs, hold), hold, "NOT_YET_DUE");
  const admission = await held(deps.pacer.admit(turn, hold), hold, "GMAIL_THROTTLED");
  try {
    const claim = (await setAside(deps, pushed, record)) ?? (await deps.ledger.claim(record, acceptedRevision));
    return { claim, admission };
  } catch (error) {
    admission.unused();
    throw error;
  }
}

/** Doubles with each failure; half of it is chance, so that workers that failed together do not come back together. */
function pauseMs(failures: number, random: number): number {
  return FIRST_PAUSE_MS * 2 ** failures * (0.5 + random / 2);
}

type Attempt = Extract<Outcome, { kind: "created" }> | { readonly kind: "refused"; readonly error: DraftError };

/** Under a claim: look if need be, create, record. */
async function attemptDraft(deps: ProcessDeps, { message, mime }: Work, claim: Claimed): Promise<Attempt> {
  const { gmail, ledger } = deps;
  const { mailbox, threadId } = message.request;
  const content = { mime, threadId };
  // Every single call has its own deadline; this one is for all of them together.
  const signal = AbortSignal.timeout(deps.leaseMs / 2);
  let found: DraftIds | null = null;
  if (claim.mustFind) {
    try {
      const known = await knownDraftIds(ledger, mailbox);
      found = await gmail.findDraft(mailbox, message.id, (draftId) => known.has(draftId), signal);
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
      await ledger.suspect(message.id);
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
