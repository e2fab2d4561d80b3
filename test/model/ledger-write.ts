import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import type { Model } from "./model.ts";
import { NO_RECORD } from "./record-table.ts";
import { copyOf, type Emit, type State } from "./state.ts";

/** A decision's record on its way to the store, and what its caller does next. */
export interface LedgerWrite {
  readonly label: string;
  readonly record: DraftRecord;
  answered(next: State): void;
  /** The caller never learns whether it was applied, and gives up. */
  unanswered(next: State): void;
  /** Such a caller tries once more before it gives up, as the owner of a claim does: it decides again on what is there. */
  readonly retries: boolean;
}

/** Every way in which a conditional write can end for its caller. That nobody wrote in between is in the step being one. */
export function emitWrite({ records }: Model, state: State, write: LedgerWrite, emit: Emit): void {
  const index = records.indexOf(write.record);
  const applied = (): State => {
    const next = copyOf(state);
    next.record = index;
    // A write that is still on its way was conditional on the revision that this one replaces.
    next.lateWrite = NO_RECORD;
    return next;
  };
  const next = applied();
  write.answered(next);
  emit(write.label, next);
  if (state.budget.ledgerFaults === 0) return;

  const lost = applied();
  lost.budget.ledgerFaults -= 1;
  write.unanswered(lost);
  emit(`${write.label}; it is applied, the answer is lost, and the caller gives up`, lost);
  if (write.retries) {
    const again = applied();
    again.budget.ledgerFaults -= 1;
    emit(`${write.label}; it is applied, the answer is lost, and the caller tries again`, again);
  }
  if (state.lateWrite !== NO_RECORD) return;
  const late = copyOf(state);
  late.budget.ledgerFaults -= 1;
  late.lateWrite = index;
  write.unanswered(late);
  emit(`${write.label}; it is still on its way when the caller gives up`, late);
}

/** A write that nobody waits for any more comes through; or not, which is as if it were late for ever. */
export function lateWriteSteps({ records }: Model, state: State, emit: Emit): void {
  if (state.lateWrite === NO_RECORD) return;
  const applied = copyOf(state);
  applied.record = state.lateWrite;
  applied.lateWrite = NO_RECORD;
  emit(`the write that was on its way is applied: ${records.at(state.lateWrite).state}`, applied);
  const dropped = copyOf(state);
  dropped.lateWrite = NO_RECORD;
  emit("the write that was on its way is lost", dropped);
}
