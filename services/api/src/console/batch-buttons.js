import { sumsOf } from "./batch-words.js";
import { el } from "./elements.js";

/** @typedef {import("@draftmill/shared/batch/control-batch.ts").BatchAction} BatchAction */
/** @typedef {{ readonly id: string, readonly action: BatchAction }} BatchOrder */

/** Those with dots ask before they do anything. @type {Readonly<Record<BatchAction, string>>} */
const LABELS = { pause: "Pause", resume: "Resume", cancel: "Cancel…", undo: "Undo…" };

/**
 * What can be done with a batch as it is. Nothing when nothing can.
 *
 * @param {import("./batch-words.js").Batch} batch
 */
export function batchButtons(batch) {
  const actions = /** @type {const} */ (["pause", "resume", "cancel", "undo"]).filter((one) => isOfUse(one, batch));
  if (actions.length === 0) return null;
  return el(
    "p",
    { class: "actions", "data-key": "actions" },
    actions.map((action) =>
      el(
        "button",
        {
          type: "button",
          "data-action": "order-batch",
          "data-order": action,
          "data-id": batch.id,
          // One stands where the other was, and whoever pressed it is still at it.
          "data-key": action === "resume" ? "pause" : action,
        },
        LABELS[action],
      ),
    ),
  );
}

/**
 * @param {BatchAction} action
 * @param {import("./batch-words.js").Batch} batch
 */
function isOfUse(action, batch) {
  const { control, counts, undo } = batch;
  const { left } = sumsOf(batch);
  switch (action) {
    case "pause":
      return control === "open" && left > 0;
    case "resume":
      return control === "paused";
    case "cancel":
      return control !== "canceled" && left > 0;
    case "undo":
      return left + counts.created > 0 && (undo === null || undo.finishedAt !== null);
    default:
      return action;
  }
}

/**
 * The order that a button of these carries.
 *
 * @param {DOMStringMap} data
 * @returns {BatchOrder}
 */
export function orderOf({ id = "", order }) {
  return { id, action: /** @type {BatchAction} */ (order) };
}
