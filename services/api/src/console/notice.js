import { el, foreign } from "./elements.js";
import { clockTime } from "./moment.js";

/** @typedef {import("./api.js").CallFailed} CallFailed */

/**
 * What is wrong, as a heading and sentences.
 *
 * @param {CallFailed} failure
 * @returns {{ readonly title: string, readonly text: string }}
 */
export function explain({ status, code, title, detail, retryAfterMs }) {
  switch (status) {
    case 0:
      return { title: "The api does not answer", text: detail };
    case 401:
      return {
        title: "The api wants to know who calls",
        text: "Give it a Google identity token of a caller that CALLERS_FILE names. This page keeps it in its memory only.",
      };
    case 403:
      return { title: "Not allowed", text: whyForbidden(code, title) };
    case 429: {
      const seconds = Math.ceil((retryAfterMs ?? 0) / 1000);
      return { title: "The api asks for fewer calls", text: `This caller may call again in ${seconds} s.` };
    }
    case 503:
      return { title: "The api cannot serve this now", text: title || detail };
    default:
      return { title: title || `The api answers with status ${status}`, text: detail === title ? "" : detail };
  }
}

/**
 * @param {string} code
 * @param {string} title
 */
function whyForbidden(code, title) {
  switch (code) {
    case "ROLE_NOT_ALLOWED":
      return "This needs the role operate, and CALLERS_FILE gives the caller the role submit. In that role, the requests of one of its own mailboxes can be listed: name the mailbox in the filter. Its own batches can be looked at, each at its address.";
    case "CALLER_NOT_ALLOWED":
      return "CALLERS_FILE does not name the caller. The console needs one in the role operate.";
    case "":
      return "Something in front of the api refuses the call. Its address needs to let this caller through.";
    default:
      return title;
  }
}

/**
 * A notice of what went wrong, with what can be done about it. Without `again` nothing is tried by itself.
 *
 * @param {CallFailed} failure
 * @param {Date | null} [again]
 */
export function notice(failure, again = null) {
  const { title, text } = explain(failure);
  const { status, code, remedy, errors } = failure;
  return el(
    "section",
    { class: "notice", "data-key": "notice", "data-status": status },
    el("h2", {}, `${title} `, code !== "" && el("code", {}, foreign(code))),
    text !== "" && el("p", {}, foreign(text)),
    errors.length > 0 &&
      el(
        "ul",
        {},
        errors.map(({ detail }) => el("li", {}, foreign(String(detail)))),
      ),
    remedy !== "" && status !== 401 && status !== 403 && el("p", {}, foreign(remedy)),
    el(
      "p",
      { class: "actions" },
      status === 401 && el("button", { type: "button", "data-action": "sign-in" }, "Give a token…"),
      again !== null && el("button", { type: "button", "data-action": "again" }, "Try now"),
      again !== null && el("span", { class: "muted" }, `It is tried again at ${clockTime(again)}.`),
    ),
  );
}
