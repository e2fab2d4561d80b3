import type { BatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { toDraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import type { Gmail } from "../gmail/gmail-port.ts";
import type { Admit, Pacer } from "../pacing/pacer.ts";
import { held } from "../until-moved.ts";
import type { DraftsInHand } from "./drafts-in-hand.ts";
import { noteTakenBack } from "./taken-back.ts";

export interface TakeBackDraftDeps {
  readonly ledger: DraftLedger;
  readonly gmail: Gmail;
  readonly pacer: Pacer;
  readonly log: Logger;
}

/** One look at the drafts of a batch. */
export interface Pass {
  readonly order: BatchOrder;
  readonly current: CurrentDrafts;
  readonly inHand: DraftsInHand;
  /** Mailboxes that Gmail wants left alone, until the next sweep. */
  readonly leftAlone: Set<string>;
}

/** The message id of each draft of a mailbox, by the draft's. */
export type CurrentDrafts = (mailbox: string) => Promise<ReadonlyMap<string, string>>;

/**
 * What became of a draft. `unasked`: Google did not say, and the next sweep asks again; `unsure`: the same, and the delete may have been
 * carried out.
 */
export type Fate = "deleted" | "keptEdited" | "gone" | "unasked" | "unsure";

/** What is to become of a draft. */
export interface Looked {
  readonly record: DraftRecord;
  readonly to: "delete" | Exclude<Fate, "unsure">;
}

/** `isNew`: no process has noted it before. */
export interface TakenDraft {
  readonly id: string;
  readonly fate: Fate;
  readonly isNew: boolean;
}

/** A mailbox that has no turn within this is left to the next sweep. */
const ADMIT_WITHIN_MS = 5_000;

/** Each mailbox is listed once in a pass: 500 drafts for what a look at one would cost. */
export function currentDrafts(deps: TakeBackDraftDeps, order: BatchOrder, signal: AbortSignal): CurrentDrafts {
  const listed = new Map<string, Promise<ReadonlyMap<string, string>>>();
  return (mailbox) => {
    const known = listed.get(mailbox);
    if (known !== undefined) return known;
    const listing = deps.gmail.listDrafts(mailbox, admitted(deps, order, mailbox, signal), signal);
    listed.set(mailbox, listing);
    return listing;
  };
}

/** In the batch's own turn in the mailbox. */
function admitted({ pacer }: TakeBackDraftDeps, { batch }: BatchOrder, mailbox: string, signal: AbortSignal): Admit {
  const line = `batch ${batch}`;
  return (units) => {
    const patience = AbortSignal.any([signal, AbortSignal.timeout(ADMIT_WITHIN_MS)]);
    return held(pacer.admit({ mailbox, line, units }, patience), patience, "GMAIL_THROTTLED");
  };
}

/** Whether a draft is to be deleted. One that the undo was about to delete, and that is not there, it has deleted. */
export async function lookAtDraft(deps: TakeBackDraftDeps, pass: Pass, record: DraftRecord): Promise<Looked> {
  const { id, mailbox, draftId } = record;
  if (draftId === null) return { record, to: "gone" };
  if (pass.leftAlone.has(mailbox)) return { record, to: "unasked" };
  try {
    const messageId = (await pass.current(mailbox)).get(draftId);
    if (messageId === undefined) return { record, to: pass.inHand.wasBefore(id) ? "deleted" : "gone" };
    return { record, to: messageId === record.messageId ? "delete" : "keptEdited" };
  } catch (error) {
    noteFailure(deps, pass, record, error);
    return { record, to: "unasked" };
  }
}

/** Does with a draft what was found to be right. What the signal leaves is left to the next sweep. */
export async function takeBackDraft(
  deps: TakeBackDraftDeps,
  pass: Pass,
  { record, to }: Looked,
  signal: AbortSignal,
): Promise<TakenDraft> {
  const { id, mailbox, draftId } = record;
  const { order, leftAlone } = pass;
  // Its record names none: there is nothing to let go of.
  if (draftId === null) return { id, fate: "gone", isNew: false };
  if (to === "keptEdited" || to === "unasked") return { id, fate: to, isNew: false };
  if (signal.aborted || leftAlone.has(mailbox)) return { id, fate: "unasked", isNew: false };
  const fate = to === "delete" ? await deleteDraft(deps, pass, { ...record, draftId }, signal) : to;
  if (fate === "unasked" || fate === "unsure") return { id, fate, isNew: false };
  const isNew = await noteTakenBack(deps.ledger, order.batch, record, fate);
  const forgotten = await deps.ledger.forget(id, draftId);
  // It has become another draft's, or somebody else was faster.
  if (forgotten.kind !== "moved") return { id, fate: "unasked", isNew };
  deps.log.info({ requestId: id, batch: order.batch, draftId, fate }, "draft.taken-back");
  return { id, fate, isNew };
}

async function deleteDraft(
  deps: TakeBackDraftDeps,
  pass: Pass,
  record: DraftRecord & { readonly draftId: string },
  signal: AbortSignal,
): Promise<"deleted" | "gone" | "unasked" | "unsure"> {
  const { id, mailbox, draftId } = record;
  // Under its own deadline alone: the sweep's end would break it off with nobody to hear what became of it.
  const unbroken = new AbortController().signal;
  try {
    const admit = admitted(deps, pass.order, mailbox, signal);
    const was = await deps.gmail.deleteDraft(mailbox, draftId, admit, unbroken);
    return was === "gone" && pass.inHand.wasBefore(id) ? "deleted" : was;
  } catch (error) {
    noteFailure(deps, pass, record, error);
    return toDraftError(error).applied === "unknown" ? "unsure" : "unasked";
  }
}

function noteFailure(
  { log }: TakeBackDraftDeps,
  { order, leftAlone }: Pass,
  record: DraftRecord,
  error: unknown,
): void {
  const { code, reason, class: failureClass } = toDraftError(error);
  if (failureClass === "throttled") leftAlone.add(record.mailbox);
  log.warn({ requestId: record.id, batch: order.batch, code, reason }, "draft.not-taken-back");
}
