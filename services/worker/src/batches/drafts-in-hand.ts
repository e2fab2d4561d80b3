import { type BatchOrder, idOfBatchOrder } from "@draftmill/shared/batch/batch-order.ts";
import type { Documents } from "@draftmill/shared/ledger/documents.ts";

/** More whose end is not known are not left to one look at the mailboxes; they are to fit into the order, too. */
const UNSURE_MAX = 1_000;

/**
 * The requests whose drafts an undo deletes, on record with its order before the first delete leaves: should the answer be lost, or this
 * process die, whoever looks next knows that what is gone of them was deleted by the undo.
 */
export class DraftsInHand {
  readonly #orders: Documents<BatchOrder>;
  readonly #order: BatchOrder;
  readonly #before: ReadonlySet<string>;
  readonly #now: Set<string>;
  readonly #unsure = new Set<string>();

  constructor(orders: Documents<BatchOrder>, order: BatchOrder) {
    this.#orders = orders;
    this.#order = order;
    this.#before = new Set(order.takingBack);
    this.#now = new Set(order.takingBack);
  }

  /** Whether an earlier look was about to delete its draft. */
  wasBefore(id: string): boolean {
    return this.#before.has(id);
  }

  get areTooMany(): boolean {
    return this.#unsure.size >= UNSURE_MAX;
  }

  /** False when the order is another process's by now: nothing is to be deleted. */
  async take(ids: readonly string[]): Promise<boolean> {
    if (ids.length === 0) return true;
    for (const id of ids) this.#now.add(id);
    return this.#keep();
  }

  /** It is known what became of its draft. */
  settle(id: string): void {
    this.#now.delete(id);
  }

  /** Its delete may have been carried out. */
  doubt(id: string): void {
    this.#unsure.add(id);
  }

  /** This look has sent no delete; what an earlier one did is as unknown as before. */
  leave(id: string): void {
    if (this.#before.has(id)) this.doubt(id);
    else this.settle(id);
  }

  /** `isWhole`: every draft of the batch has been looked at, so that whatever else was in hand has its end on record. */
  async end(isWhole: boolean): Promise<void> {
    if (isWhole) for (const id of this.#now) if (!this.#unsure.has(id)) this.#now.delete(id);
    await this.#keep();
  }

  async #keep(): Promise<boolean> {
    const takingBack = [...this.#now];
    let isOurs = false;
    await this.#orders.update(idOfBatchOrder(this.#order), (now) => {
      isOurs = now.leaseUntilMs === this.#order.leaseUntilMs;
      return isOurs ? { ...now, takingBack } : null;
    });
    return isOurs;
  }
}
