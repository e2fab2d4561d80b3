import { el, unseen } from "./elements.js";

/**
 * @typedef {object} ReplayFilter
 * @property {string} [code]
 * @property {string} [mailbox]
 * @property {string} [state]
 * @property {string} [batch]
 */

/**
 * Opens the dialog that takes requests up again. It is told by its label, for those who hear it without its surroundings.
 *
 * @param {ReplayFilter} filter
 * @param {string} [label]
 */
export function replayButton(filter, label = "Replay…") {
  const { code, mailbox, state, batch } = filter;
  return el(
    "button",
    {
      type: "button",
      "data-action": "replay",
      "data-code": code,
      "data-mailbox": mailbox,
      "data-state": state,
      "data-batch": batch,
    },
    label,
    unseen(` ${wordsOf(filter)}`),
  );
}

/**
 * What a filter stands for, in words.
 *
 * @param {ReplayFilter} filter
 */
export function wordsOf({ code, mailbox, state, batch }) {
  const words = [code, mailbox && `in ${mailbox}`, state && `that are ${state}`, batch && `of the batch ${batch}`];
  return words.filter(Boolean).join(", ") || "everything that failed";
}

/**
 * The filter that a button of these carries.
 *
 * @param {DOMStringMap} data
 * @returns {ReplayFilter}
 */
export function filterOf({ code, mailbox, state, batch }) {
  return {
    ...(code === undefined ? {} : { code }),
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(state === undefined ? {} : { state }),
    ...(batch === undefined ? {} : { batch }),
  };
}
