import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import type { SweepStep } from "@draftmill/shared/ledger/decide-sweep.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Logger } from "@draftmill/shared/log.ts";
import { publishAgain } from "@draftmill/shared/replay/replay-row.ts";
import type { ResultEvents } from "../events/result-events.ts";
import { problemOf } from "../failure-record.ts";
import type { Gmail, IsKnownDraft, MarkedDraft } from "../gmail/gmail-port.ts";
import type { Admit, Pacer } from "../pacing/pacer.ts";
import { held } from "../until-moved.ts";
import type { RequestPublisher } from "./request-publisher.ts";
import type { SweepCounts } from "./sweep-report.ts";
import { isUnedited } from "./unedited.ts";

export interface LookDeps {
  readonly ledger: DraftLedger;
  readonly gmail: Gmail;
  readonly pacer: Pacer;
  readonly requests: RequestPublisher;
  readonly events: ResultEvents | null;
  readonly orderingShards: number;
  readonly log: Logger;
}

/** A mailbox that Gmail wants left alone for longer than this is left to the next sweep. */
const ADMIT_WITHIN_MS = 2_000;
/** Sweeps take turns with the requests of a mailbox. */
const LINE = "sweep";

/**
 * Does what a due record needs. A failure of Google is counted and puts the record off; one of the ledger is thrown, as
 * nothing else would get on either.
 */
export async function lookAt(
  deps: LookDeps,
  record: DraftRecord,
  step: SweepStep,
  isKnown: IsKnownDraft,
  signal: AbortSignal,
): Promise<SweepCounts> {
  switch (step.kind) {
    case "none":
    case "busy":
      return {};
    case "extras":
    case "adopt":
      return { looked: 1, ...(await lookInMailbox(deps, record, step, isKnown, signal)) };
    case "republish":
    case "expire":
    case "wait":
      return { looked: 1, ...(await goOn(deps, record, step.kind)) };
    default:
      return step satisfies never;
  }
}

async function lookInMailbox(
  deps: LookDeps,
  record: DraftRecord,
  step: Extract<SweepStep, { kind: "extras" | "adopt" }>,
  isKnown: IsKnownDraft,
  signal: AbortSignal,
): Promise<SweepCounts> {
  const admit = admitted(deps, record.mailbox, signal);
  let marked: readonly MarkedDraft[];
  try {
    marked = await deps.gmail.markedDrafts(record.mailbox, record.id, isKnown, admit, signal);
  } catch (error) {
    return postponed(deps, record, error);
  }
  if (step.kind === "extras") {
    const extras = marked.filter(({ draftId }) => draftId !== record.draftId);
    return removeExtras(deps, record, extras, admit, signal);
  }
  const kept = theOneToKeep(record, marked);
  if (kept === undefined) return goOn(deps, record, step.otherwise);
  const moved = await deps.ledger.adopt(record.id, kept);
  // A delivery was faster; it finds the draft itself.
  if (moved.kind !== "moved") return {};
  deps.log.info({ requestId: record.id, draftId: kept.draftId, from: record.state }, "draft.adopted");
  const others = marked.filter((draft) => draft !== kept);
  const counts = { adopted: 1, ...(await tell(deps, moved.record)) };
  return { ...counts, ...(others.length > 0 ? await removeExtras(deps, moved.record, others, admit, signal) : {}) };
}

/** Lets a record's calls leave in the mailbox's turn. Only the first is given up when it has to wait for long. */
function admitted({ pacer }: LookDeps, mailbox: string, signal: AbortSignal): Admit {
  let isFirst = true;
  return (units) => {
    const patience = isFirst ? AbortSignal.any([signal, AbortSignal.timeout(ADMIT_WITHIN_MS)]) : signal;
    isFirst = false;
    return held(pacer.admit({ mailbox, line: LINE, units }, patience), patience, "GMAIL_THROTTLED");
  };
}

/** One that a person has worked on, or else the first that was made. They come newest first. */
function theOneToKeep(record: DraftRecord, marked: readonly MarkedDraft[]): MarkedDraft | undefined {
  return marked.find((draft) => !isUnedited(draft, record)) ?? marked.at(-1);
}

async function removeExtras(
  deps: LookDeps,
  record: DraftRecord,
  extras: readonly MarkedDraft[],
  admit: Admit,
  signal: AbortSignal,
): Promise<SweepCounts> {
  const counts = { extrasDeleted: 0, extrasKept: 0 };
  try {
    for (const extra of extras) {
      const fields = { requestId: record.id, draftId: extra.draftId, beside: record.draftId };
      if (isUnedited(extra, record)) {
        await deps.gmail.deleteDraft(record.mailbox, extra.draftId, admit, signal);
        counts.extrasDeleted += 1;
        deps.log.warn(fields, "draft.extra-deleted");
      } else {
        counts.extrasKept += 1;
        deps.log.warn(fields, "draft.extra-kept");
      }
    }
  } catch (error) {
    return { ...counts, ...(await postponed(deps, record, error)) };
  }
  return { ...counts, ...(await noteLook(deps, record)) };
}

/** No draft is there. */
async function goOn(deps: LookDeps, record: DraftRecord, step: "republish" | "expire" | "wait"): Promise<SweepCounts> {
  switch (step) {
    case "wait":
      return noteLook(deps, record);
    case "expire": {
      const moved = await deps.ledger.expire(record.id, problemOf(new DraftError("MESSAGE_LOST")));
      if (moved.kind === "moved") deps.log.error({ requestId: record.id, code: "MESSAGE_LOST" }, "draft.lost");
      return moved.kind === "moved" ? { expired: 1, ...(await tell(deps, moved.record)) } : {};
    }
    case "republish":
      return republish(deps, record);
    default:
      return step satisfies never;
  }
}

/** Recorded first: whatever breaks in between, the record still says that it has to be published. */
async function republish(deps: LookDeps, record: DraftRecord): Promise<SweepCounts> {
  const body = await deps.ledger.bodyOf(record);
  if (body === null) return goOn(deps, record, "expire");
  const moved = await deps.ledger.republish(record.id);
  if (moved.kind !== "moved") return {};
  try {
    await publishAgain({ ...deps, publisher: deps.requests }, moved.record, body);
    return { republished: 1 };
  } catch (error) {
    const { code, reason } = toDraftError(error);
    if (code === "LEDGER_UNAVAILABLE") throw error;
    deps.log.warn({ requestId: record.id, code, reason }, "sweep.publish-failed");
    return { postponed: 1 };
  }
}

/**
 * The first look at what has ended tells it: whoever ended it may have died before. One that cannot be told is looked at once more for
 * the first time.
 */
async function noteLook(deps: LookDeps, record: DraftRecord): Promise<SweepCounts> {
  if (record.looks === 0) {
    const counts = await tell(deps, record);
    if (counts.postponed !== undefined) return counts;
  }
  await deps.ledger.looked(record.id);
  return {};
}

async function tell(deps: LookDeps, record: DraftRecord): Promise<SweepCounts> {
  try {
    await deps.events?.tellDraft(record);
    return {};
  } catch (error) {
    return postponed(deps, record, error);
  }
}

async function postponed(deps: LookDeps, record: DraftRecord, error: unknown): Promise<SweepCounts> {
  const failure = toDraftError(error);
  if (failure.code === "LEDGER_UNAVAILABLE") throw error;
  deps.log.warn({ requestId: record.id, code: failure.code, reason: failure.reason }, "sweep.postponed");
  await deps.ledger.postpone(record.id);
  return { postponed: 1 };
}
