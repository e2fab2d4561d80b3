import { idOfRepetition } from "@draftmill/shared/batch/batch.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { problemOf } from "../failure-record.ts";

/**
 * A request of a batch met its like under the same key, which is of another batch or of none: it makes no second draft. The batch's
 * counts need a record of it all the same, under an id of its own. (One with other content is told by its dead letter.)
 */
export async function noteRepetition(ledger: DraftLedger, candidate: DraftRecord, known: DraftRecord): Promise<void> {
  const { batch } = candidate;
  if (batch === null || batch === known.batch) return;
  const id = idOfRepetition(batch, candidate.id);
  const problem = problemOf(new DraftError("REQUEST_KNOWN", { facts: { id: known.id } }));
  await ledger.accept({ ...candidate, id, state: "canceled", problem, dueAtMs: null, dedupeKey: null });
}
