import { el, unseen } from "./elements.js";

/**
 * @typedef {object} Column
 * @property {string} label
 * @property {string} name its class: how wide it is, and whether a narrow screen has room for it
 * @property {boolean} [isQuiet] the label is for screen readers alone
 */

/**
 * A table with its caption and headed columns.
 *
 * @param {string} caption
 * @param {readonly Column[]} columns
 * @param {readonly HTMLTableRowElement[]} rows
 */
export function table(caption, columns, rows) {
  const heads = columns.map(({ label, name, isQuiet }) =>
    el("th", { scope: "col", class: name }, isQuiet ? unseen(label) : label),
  );
  return el(
    "div",
    { class: "table" },
    el(
      "table",
      {},
      el("caption", { class: "unseen" }, caption),
      el("thead", {}, el("tr", {}, heads)),
      el("tbody", {}, rows),
    ),
  );
}

/**
 * What stands where there is nothing to list.
 *
 * @param {string} title
 * @param {...import("./elements.js").Child} text
 */
export function empty(title, ...text) {
  return el(
    "div",
    { class: "empty", "data-key": "empty" },
    el("p", { class: "empty-title" }, title),
    el("p", {}, ...text),
  );
}
