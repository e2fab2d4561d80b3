import { type BatchUndo, idOfRepetition } from "@draftmill/shared/batch/batch.ts";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { problemOf } from "../failure-record.ts";

export type TakenBack = Pick<BatchUndo, "deleted" | "gone">;

/** What a note says became of the draft. */
const CODES = { deleted: "DRAFT_TAKEN_BACK", gone: "DRAFT_GONE" } as const satisfies Record<keyof TakenBack, string>;

/**
 * So that the batch still counts and lists the request whose own record is let go. True when it is noted for the first time: a process
 * may have died between this and that.
 */
export async function noteTakenBack(
  ledger: DraftLedger,
  batch: string,
  record: DraftRecord,
  fate: keyof TakenBack,
): Promise<boolean> {
  const { id, draftId, messageId, threadId, claims, createdAtMs } = record;
  const note = newDraftRecord({ ...record, id: idOfRepetition(batch, id) }, createdAtMs);
  const problem = problemOf(new DraftError(CODES[fate]));
  const ids = { draftId, messageId, threadId };
  const { accepted } = await ledger.accept({ ...note, ...ids, claims, state: "canceled", problem, dueAtMs: null });
  return accepted;
}

/** From these notes, whichever process made them. */
export async function countTakenBack(ledger: DraftLedger, batch: string): Promise<TakenBack> {
  const [deleted, gone] = await Promise.all([
    ledger.countByState({ batch, code: CODES.deleted }),
    ledger.countByState({ batch, code: CODES.gone }),
  ]);
  return { deleted: deleted.canceled, gone: gone.canceled };
}
