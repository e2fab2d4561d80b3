import type { Due } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { IsKnownDraft } from "../gmail/gmail-port.ts";
import { knownDraftIds } from "../known-drafts.ts";
import { type LookDeps, lookAt } from "./look.ts";
import { addCounts, NOTHING_SWEPT, type SweepCounts, type SweepReport } from "./sweep-report.ts";

/** As many records at a time. */
const RECORDS_MAX = 1_000;
/** What is due at the same time, as a whole batch may be, is published in so many rounds; the rest waits for the next sweep. */
const ROUNDS_MAX = 20;
/** What needs no call to Google waits for none. */
const PUBLISHED_AT_ONCE = 16;
/** Each with one call to Google at a time. */
const MAILBOXES_AT_ONCE = 8;

/**
 * Looks at every record that is due, one after the other within a mailbox, several mailboxes at once; first publishes what is only to be
 * published again, and goes on with more of these for as long as there is nothing else.
 */
export async function lookAtDue(deps: LookDeps, signal: AbortSignal): Promise<SweepCounts> {
  let report: SweepReport = NOTHING_SWEPT;
  for (let rounds = 1; ; rounds++) {
    const due = await deps.ledger.due(RECORDS_MAX);
    const toPublish = due.filter(({ step }) => step.kind === "republish");
    report = addCounts(report, await publishAll(deps, toPublish, signal));
    if (due.length < RECORDS_MAX || toPublish.length < RECORDS_MAX || rounds === ROUNDS_MAX || signal.aborted) {
      const rest = due.filter(({ step }) => step.kind !== "republish");
      const unfinished = due.length === RECORDS_MAX || signal.aborted;
      return addCounts(addCounts(report, await lookAtAll(deps, rest, signal)), { unfinished });
    }
  }
}

async function publishAll(deps: LookDeps, due: readonly Due[], signal: AbortSignal): Promise<SweepReport> {
  const queue = due.values();
  let report = NOTHING_SWEPT;
  const worker = async (): Promise<void> => {
    for (const { record, step } of queue) {
      if (signal.aborted) return;
      const counts = await lookAt(deps, record, step, async () => false, signal);
      report = addCounts(report, counts);
    }
  };
  await Promise.all(Array.from({ length: PUBLISHED_AT_ONCE }, worker));
  return report;
}

async function lookAtAll(deps: LookDeps, due: readonly Due[], signal: AbortSignal): Promise<SweepReport> {
  const byMailbox = [...Map.groupBy(due, ({ record }) => record.mailbox)];
  let report: SweepReport = NOTHING_SWEPT;
  const workers = Array.from({ length: MAILBOXES_AT_ONCE }, async () => {
    for (let next = byMailbox.pop(); next !== undefined; next = byMailbox.pop()) {
      const [mailbox, records] = next;
      const counts = await lookAtMailbox(deps, mailbox, records, signal);
      // Only now: other mailboxes have been added while this one was looked at.
      report = addCounts(report, counts);
    }
  });
  await Promise.all(workers);
  return report;
}

async function lookAtMailbox(
  deps: LookDeps,
  mailbox: string,
  due: readonly Due[],
  signal: AbortSignal,
): Promise<SweepReport> {
  const isKnown = knownIn(deps, mailbox);
  let report = NOTHING_SWEPT;
  for (const { record, step } of due) {
    if (signal.aborted) return { ...report, unfinished: true };
    report = addCounts(report, await lookAt(deps, record, step, isKnown, signal));
  }
  return report;
}

/** The drafts that are accounted for, asked for once in a mailbox's turn and only if a search asks. */
function knownIn({ ledger }: LookDeps, mailbox: string): IsKnownDraft {
  let known: Promise<ReadonlySet<string>> | undefined;
  return async (draftId) => {
    known ??= knownDraftIds(ledger, mailbox);
    return (await known).has(draftId);
  };
}
