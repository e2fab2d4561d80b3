import type { Clock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { HELD_WITHIN_MS } from "@draftmill/shared/contract/not-before.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { NotClaimed, Refused } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { BatchBoard } from "./batches/batch-board.ts";
import { problemOf } from "./failure-record.ts";
import type { IncidentBoard } from "./incidents/incident-board.ts";
import type { Outcome } from "./outcome.ts";

export interface SetAsideDeps {
  readonly ledger: DraftLedger;
  readonly clock: Clock;
  readonly incidents: IncidentBoard;
  readonly batches: BatchBoard;
}

export type SetAside = Extract<Outcome, { kind: "parked" | "scheduled" | "canceled" }>;

/**
 * Keeps back a request that is not to be made now, without a claim and without a call to Google: one of a mailbox with an open
 * incident, of a batch that is paused or canceled, or one that is due in more than a minute. What is parked or scheduled keeps its body
 * in the ledger, so that no dead letter is needed, and is taken up when the incident is over, the batch goes on or its time comes. Null when nothing keeps it; `busy` while another
 * delivery has it.
 */
export async function setAside(
  deps: SetAsideDeps,
  pushed: PushedMessage,
  record: DraftRecord,
): Promise<SetAside | NotClaimed | null> {
  const { ledger, incidents, batches } = deps;
  const { mailbox, batch } = record;
  const control = batch === null ? "open" : await batches.controlOf(batch);
  switch (control) {
    case "open":
      break;
    case "paused": {
      const problem = problemOf(new DraftError("BATCH_PAUSED", { facts: { batch: batch ?? "" } }));
      const parked = await ledger.failUnclaimed(record, { state: "parked", problem, body: bodyOf(pushed) });
      return asOutcome(parked, (kept) => ({ kind: "parked", code: problem.code, incident: null, record: kept }));
    }
    case "canceled": {
      const problem = problemOf(new DraftError("BATCH_CANCELED"));
      return asOutcome(await ledger.withdraw(record, problem), () => ({ kind: "canceled", code: problem.code }));
    }
    default:
      return control satisfies never;
  }
  const { notBeforeMs } = record;
  if (notBeforeMs !== null && notBeforeMs - deps.clock.nowMs() > HELD_WITHIN_MS) {
    const scheduled = await ledger.schedule(record, bodyOf(pushed));
    return asOutcome(scheduled, (kept) => ({ kind: "scheduled", notBeforeMs, record: kept }));
  }
  const incident = await incidents.openFor(mailbox);
  if (incident === null) return null;
  const { code, id } = incident;
  const problem = { ...incident.problem, code };
  const parked = await ledger.failUnclaimed(record, { state: "parked", problem, body: bodyOf(pushed) });
  return asOutcome(parked, (kept) => ({ kind: "parked", code, incident: id, record: kept }));
}

/** Only where it is kept: it may have 10 MB. */
function bodyOf({ data }: PushedMessage): string {
  return data.toString("utf8");
}

function asOutcome(refused: Refused, settled: (record: DraftRecord) => SetAside): SetAside | NotClaimed {
  return refused.kind === "settled" ? settled(refused.record) : refused;
}
