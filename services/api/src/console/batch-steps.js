import { sumsOf, undoWords } from "./batch-words.js";
import { counted } from "./counted.js";
import { el } from "./elements.js";
import { notice } from "./notice.js";

/** @typedef {import("@draftmill/shared/batch/control-batch.ts").BatchAction} BatchAction */
/** @typedef {import("./batch-words.js").Batch} Batch */
/** @typedef {import("./api.js").CallFailed} CallFailed */

/**
 * How far an order for a batch has got in its dialog.
 *
 * @typedef {{ readonly kind: "looking" }
 *   | { readonly kind: "unseen", readonly failure: CallFailed }
 *   | { readonly kind: "asked", readonly batch: Batch }
 *   | { readonly kind: "ordering", readonly batch: Batch | null }
 *   | { readonly kind: "refused", readonly batch: Batch | null, readonly failure: CallFailed }
 *   | { readonly kind: "ordered", readonly batch: Batch, readonly failure: CallFailed | null }
 * } Step
 */

/** What the button says that gives the order. @type {Readonly<Record<BatchAction, string>>} */
const ORDERS = {
  pause: "Pause it",
  resume: "Resume it",
  cancel: "Cancel the batch",
  undo: "Cancel it and delete its drafts",
};

/**
 * @param {Step} step
 * @param {BatchAction} action
 * @returns {readonly Node[]}
 */
export function stepNodes(step, action) {
  switch (step.kind) {
    case "looking":
      return [waiting("Looking at the batch…")];
    case "unseen":
      return [notice(step.failure), button("look", "Look again")];
    case "asked":
      return [...consequences(step.batch, action), button("order", ORDERS[action], "primary")];
    case "ordering":
      return [...(step.batch === null ? [] : consequences(step.batch, action)), waiting("Ordering it…")];
    case "refused":
      return refusedNodes(step.failure, action);
    case "ordered":
      return orderedNodes(step, action);
    default:
      return step;
  }
}

/**
 * What is to be said of a step to whoever does not see it.
 *
 * @param {Step} step
 * @param {BatchAction} action
 */
export function stepWords(step, action) {
  switch (step.kind) {
    case "looking":
      return "Looking at the batch.";
    case "asked":
      return consequenceOf(step.batch, action);
    case "ordering":
      return "Ordering it.";
    case "unseen":
    case "refused":
      return "That did not work.";
    case "ordered":
      return outcomeOf(step.batch, action);
    default:
      return step;
  }
}

/**
 * Whether nothing more comes of an order.
 *
 * @param {Batch} batch
 * @param {BatchAction} action
 */
export function isOver(batch, action) {
  if (action === "undo") return batch.undo !== null && batch.undo.finishedAt !== null;
  return sumsOf(batch).left === 0;
}

/**
 * @param {Batch} batch
 * @param {BatchAction} action
 */
function consequenceOf(batch, action) {
  const { created } = batch.counts;
  const { left } = sumsOf(batch);
  const open = `${counted(left, "request")} that ${left === 1 ? "is" : "are"} no draft yet would be withdrawn.`;
  if (action !== "undo")
    return `${open} ${counted(created, "draft")} that exist${created === 1 ? "s" : ""} would stay.`;
  const drafts = `Of ${counted(created, "draft")} those that nobody has worked on would be deleted; edited ones stay.`;
  return left === 0 ? drafts : `${drafts} ${open}`;
}

/**
 * @param {Batch} batch
 * @param {BatchAction} action
 */
function consequences(batch, action) {
  const more =
    action === "undo"
      ? [
          "Nobody can bring a deleted draft back: it does not go to the trash.",
          "What was sent or thrown away already is only counted.",
          "Whoever is at one of the drafts in this moment may lose that edit.",
          "The batch is canceled with it, and cannot be resumed.",
        ]
      : ["A canceled batch cannot be resumed.", "Its drafts can still be taken back later, by Undo."];
  return [
    el("p", { class: "estimate", "data-key": "consequence" }, consequenceOf(batch, action)),
    el(
      "ul",
      { class: "reasons", "data-key": "more" },
      more.map((line) => el("li", {}, line)),
    ),
  ];
}

/**
 * @param {Batch} batch
 * @param {BatchAction} action
 */
function outcomeOf(batch, action) {
  const { counts, undo } = batch;
  const { left } = sumsOf(batch);
  if (action === "undo" && undo !== null) return undoWords(undo);
  if (left > 0) return `Under way: ${counted(left, "request")} still to be withdrawn.`;
  const stay = counts.created === 1 ? "stays" : "stay";
  return `Done: ${counted(counts.canceled, "request")} withdrawn, ${counted(counts.created, "draft")} ${stay}.`;
}

/**
 * @param {Extract<Step, { kind: "ordered" }>} step
 * @param {BatchAction} action
 */
function orderedNodes({ batch, failure }, action) {
  const words = outcomeOf(batch, action);
  return [
    failure !== null && notice(failure),
    el("p", { class: "estimate", "data-key": "outcome" }, words),
    !isOver(batch, action) && el("progress", { "data-key": "progress", "aria-label": "Carrying it out" }),
    !isOver(batch, action) &&
      el("p", { class: "muted", "data-key": "goes-on" }, "It goes on at the server when this is closed."),
  ].filter((node) => node instanceof Node);
}

/**
 * @param {CallFailed} failure
 * @param {BatchAction} action
 */
function refusedNodes(failure, action) {
  // Another answer to the same order is not to be had.
  if ([403, 404, 409].includes(failure.status)) return [notice(failure)];
  return [
    notice(failure),
    failure.status === 0 &&
      el(
        "p",
        { class: "hint", "data-key": "unsure" },
        "Nobody knows whether the order has arrived. It does no harm to give it again.",
      ),
    button("order", `${ORDERS[action]}: try again`),
  ].filter((node) => node instanceof Node);
}

/** @param {string} text */
function waiting(text) {
  return el("p", { class: "loading", "data-key": "waiting" }, text, el("progress", { "aria-label": text }));
}

/**
 * @param {string} step
 * @param {string} label
 * @param {string} [name]
 */
function button(step, label, name) {
  const attributes = { type: "button", class: name, "data-step": step, "data-key": step };
  return el("p", { class: "actions", "data-key": `${step}-line` }, el("button", attributes, label));
}
