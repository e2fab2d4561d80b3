import type { Clock } from "@draftmill/shared/clock.ts";
import { composeMessage } from "@draftmill/shared/compose/compose-message.ts";
import { decodeDraftMessage } from "@draftmill/shared/contract/draft-message.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { DraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { type DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { Claimed, NotClaimed } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { ByteBudget } from "./byte-budget.ts";
import type { DraftContent } from "./gmail/gmail-port.ts";
import { QUOTA_UNITS } from "./gmail/quota-units.ts";
import { type HandBackDeps, handBack, isHandedBack } from "./hand-back.ts";
import type { Outcome } from "./outcome.ts";
import type { Admission, Pacer } from "./pacing/pacer.ts";
import { type SetAside, type SetAsideDeps, setAside } from "./set-aside.ts";
import { held } from "./until-moved.ts";

export interface BeginDeps extends SetAsideDeps, HandBackDeps {
  readonly clock: Clock;
  readonly defaultMailbox: string | null;
  readonly pacer: Pacer;
  /** What the mails that are composed may hold together. */
  readonly mailBytes: ByteBudget;
}

/** One delivery of a request that may be made a draft. */
export interface Work {
  readonly pushed: PushedMessage;
  readonly record: DraftRecord;
  readonly nowMs: number;
  /** Of the record that the api wrote. */
  readonly acceptedRevision: string | undefined;
  /** Null where it is too large to be kept while it waits: it is then read again from its bytes. */
  readonly request: DraftRequest | null;
}

/** The request is claimed, and its call to Gmail may leave. */
export interface Begun {
  readonly kind: "begun";
  readonly claim: Claimed;
  /** To be settled. */
  readonly admission: Admission;
  readonly content: DraftContent;
  /** To be disposed of when the attempt is over. */
  readonly taken: DisposableStack;
}

export type NotBegun =
  | SetAside
  | Extract<Outcome, { kind: "handed-back" }>
  /** No mail can be made of it. */
  | { readonly kind: "uncomposed"; readonly error: DraftError }
  | NotClaimed;

/**
 * Waits for the request's time and its turn, composes its mail and claims it, unless it is to be set aside. That is asked before the wait, as what
 * is not to be made takes nobody's turn, and after it, as much can happen meanwhile. Waiting comes before the mail, so that what waits
 * is small, and both come before the claim, so that leases stay short.
 */
export async function beginDraft(
  deps: BeginDeps,
  work: Work,
  { isAgain, revision }: { readonly isAgain: boolean; readonly revision: string | undefined },
  hold: AbortSignal,
): Promise<Begun | NotBegun> {
  const { pushed, record } = work;
  const before = await setAside(deps, pushed, record);
  if (before !== null) return before;
  const earlyMs = (record.notBeforeMs ?? 0) - deps.clock.nowMs();
  if (earlyMs > 0) await held(deps.clock.sleep(earlyMs, hold), hold, "NOT_YET_DUE");
  const { mailbox, batch } = record;
  const line = batch === null ? null : `batch ${batch}`;
  const units = QUOTA_UNITS["drafts.create"];
  using taken = new DisposableStack();
  let admission: Admission;
  try {
    const turn = deps.pacer.admit({ mailbox, line, units, isAgain }, hold);
    admission = taken.use(await held(turn, hold, "GMAIL_THROTTLED"));
    taken.use(await held(deps.mailBytes.take(pushed.data.length, hold), hold, "GMAIL_THROTTLED"));
  } catch (error) {
    if (!isHandedBack(error, hold)) throw error;
    return handBack(deps, pushed, record, toDraftError(error));
  }
  const since = await setAside(deps, pushed, record);
  if (since !== null) return since;
  const content = await compose(deps, work);
  if ("kind" in content) return content;
  const claim = await deps.ledger.claim(record, revision);
  if (claim.kind !== "claimed") return claim;
  return { kind: "begun", claim, admission, content, taken: taken.move() };
}

async function compose(
  { defaultMailbox }: BeginDeps,
  { pushed, record, nowMs, request }: Work,
): Promise<DraftContent | Extract<NotBegun, { kind: "uncomposed" }>> {
  let kept = request;
  if (kept === null) {
    const decoded = decodeDraftMessage(pushed, defaultMailbox);
    if (!decoded.ok) return { kind: "uncomposed", error: decoded.error };
    kept = decoded.message.request;
  }
  try {
    return { mime: await composeMessage(kept, { id: record.id, nowMs }), threadId: kept.threadId };
  } catch (error) {
    const failure = toDraftError(error);
    if (failure.class === "permanent") return { kind: "uncomposed", error: failure };
    throw error;
  }
}
