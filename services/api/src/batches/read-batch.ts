import { type BatchMode, parseBatch } from "./batch-schema.ts";
import { type BatchRules, type ItemReading, idOfItem, type ReadItem, readItems } from "./read-items.ts";

/** A batch as it came in, with nothing of its body left. */
export interface ReadBatch {
  readonly mode: BatchMode;
  readonly name: string | null;
  /** One for each item, in their order. */
  readonly readings: readonly Reading[];
}

/** An item, what is wrong with it, or the item that it is once more. */
export type Reading = ItemReading | { readonly kind: "repeats"; readonly index: number; readonly first: ReadItem };

/** Reads the body of a batch and each of its items. Throws BATCH_INVALID with every fault of its frame; an item's are told with the item. */
export function readBatch(body: unknown, rules: BatchRules): ReadBatch {
  const { mode, name, items } = parseBatch(body);
  return { mode, name, readings: withoutRepetitions(readItems(items, rules)) };
}

/** An item with the key of an earlier one is that one, if it is the same, and a fault if it is not. */
function withoutRepetitions(readings: readonly ItemReading[]): readonly Reading[] {
  const firsts = new Map<string, ReadItem>();
  return readings.map((reading): Reading => {
    if (reading.kind !== "fits" || reading.item.dedupeKey === null) return reading;
    const { item } = reading;
    const id = idOfItem("", item);
    const first = firsts.get(id);
    if (first === undefined) {
      firsts.set(id, item);
      return reading;
    }
    const { index } = item;
    if (first.content === item.content) return { kind: "repeats", index, first };
    const detail = `item ${first.index} has the same dedupeKey and mailbox, and other content`;
    return {
      kind: "fault",
      index,
      errors: [{ pointer: `/items/${index}/dedupeKey`, code: "keyReused", detail, index }],
    };
  });
}
