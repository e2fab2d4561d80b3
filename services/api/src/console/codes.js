import { get } from "./api.js";
import { el, foreign } from "./elements.js";

/** @typedef {Readonly<Record<string, { readonly title: string, readonly class: string }>>} Codes */

/** @type {Codes} */
let codes = {};
/** @type {Promise<Codes> | undefined} */
let loading;

/**
 * What each code means, from the table that the api serves to everybody. An empty table when it cannot be had: it explains, and
 * nothing depends on it.
 *
 * @returns {Promise<Codes>}
 */
export function loadCodes() {
  loading ??= get("/openapi.json", new AbortController().signal).then(
    (document) => {
      codes = document["x-error-codes"] ?? {};
      return codes;
    },
    () => {
      loading = undefined;
      return codes;
    },
  );
  return loading;
}

/**
 * The meaning of a code, as far as it is known by now.
 *
 * @param {string} code
 */
export function titleOf(code) {
  return Object.hasOwn(codes, code) ? (codes[code]?.title ?? "") : "";
}

/**
 * What happened, in words: the meaning of the code, and what was said beside it. Many a detail begins with the meaning.
 *
 * @param {string} code
 * @param {string} detail
 */
export function wordsOfProblem(code, detail) {
  const title = titleOf(code);
  if (detail.startsWith(title.replace(/\.$/, ""))) return [el("p", {}, foreign(detail))];
  return [el("p", {}, title), detail !== "" && el("p", { class: "muted" }, foreign(detail))];
}
