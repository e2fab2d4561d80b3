import type { Due } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { IsKnownDraft } from "../gmail/gmail-port.ts";
import { knownDraftIds } from "../known-drafts.ts";
import { type LookDeps, lookAt } from "./look.ts";
import { addCounts, NOTHING_SWEPT, type SweepCounts, type SweepReport } from "./sweep-report.ts";

/** As many records in one sweep; what is due beyond that waits for the next. */
const RECORDS_MAX = 1_000;
/** Each with one call to Google at a time. */
const MAILBOXES_AT_ONCE = 8;

/** Looks at every record that is due, one after the other within a mailbox, several mailboxes at once. */
export async function lookAtDue(deps: LookDeps, signal: AbortSignal): Promise<SweepCounts> {
  const due = await deps.ledger.due(RECORDS_MAX);
  const byMailbox = [...Map.groupBy(due, ({ record }) => record.mailbox)];
  let report: SweepReport = { ...NOTHING_SWEPT, unfinished: due.length === RECORDS_MAX };
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
