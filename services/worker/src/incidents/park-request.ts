import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { PushedMessage } from "@draftmill/shared/contract/pushed-message.ts";
import type { Incident } from "@draftmill/shared/incident/incident.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Refused } from "@draftmill/shared/ledger/ledger-answers.ts";
import type { Outcome } from "../outcome.ts";

/**
 * Sets a request aside for an incident of its mailbox: no call to Google, no claim. The ledger keeps its body, so that no
 * dead letter is needed, and a replay takes it up once the incident is over. `busy` while another delivery has it.
 */
export async function parkRequest(
  { ledger }: { readonly ledger: DraftLedger },
  pushed: PushedMessage,
  record: DraftRecord,
  incident: Incident,
): Promise<Outcome | Extract<Refused, { kind: "busy" | "conflict" }>> {
  const { problem, code } = incident;
  const body = pushed.data.toString("utf8");
  const parked = await ledger.failUnclaimed(record, { state: "parked", problem: { ...problem, code }, body });
  switch (parked.kind) {
    case "settled":
      return { kind: "parked", code, incident: incident.id };
    case "duplicate":
      return { kind: "duplicate", state: parked.record.state };
    case "conflict":
    case "busy":
      return parked;
    default:
      return parked satisfies never;
  }
}
