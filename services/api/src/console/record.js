import { wordsOfProblem } from "./codes.js";
import { el, foreign } from "./elements.js";
import { gmailLink } from "./gmail-link.js";
import { wholeMoment } from "./moment.js";
import { hrefOf } from "./place.js";
import { remedy } from "./remedy.js";
import { replayButton } from "./replay-button.js";
import { FAILURE_STATES, STATES, stateTag } from "./states.js";

/** @typedef {import("../draft-view.ts").DraftView} Draft */

/** What `note` stands for. @type {Readonly<Record<NonNullable<Draft["note"]>, string>>} */
const NOTES = {
  throttled: "Gmail asked to slow down; it waits its turn.",
  scheduled: "It waits for its time: the draft is not made before.",
  "publish-unconfirmed": "Pub/Sub has not confirmed its message: it may have to be sent again, with its key.",
};

/**
 * Everything that is known of a request.
 *
 * @param {Draft} draft
 * @returns {readonly Node[]}
 */
export function recordNodes(draft) {
  const { status, mailbox, problem, note } = draft;
  return [
    el(
      "p",
      { class: "record-state", "data-key": "state" },
      stateTag(status),
      el("span", { class: "muted" }, STATES[status]?.meaning ?? ""),
    ),
    problem === null ? null : problemCard(draft, problem),
    note === null ? null : el("p", { class: "hint", "data-key": "note" }, NOTES[note] ?? note),
    status === "created" ? el("p", { class: "actions", "data-key": "gmail" }, gmailLink(mailbox)) : null,
    el("dl", { class: "fields", "data-key": "fields" }, fieldsOf(draft)),
  ].filter((node) => node !== null);
}

/**
 * @param {Draft} draft
 * @param {NonNullable<Draft["problem"]>} problem
 */
function problemCard({ status, mailbox }, { code, detail, remedy: what = "", retryable, errors = [] }) {
  const isFailure = FAILURE_STATES.some((state) => state === status);
  const filters = { code, mailbox };
  return el(
    "section",
    { class: "card", "data-key": "problem" },
    el("h3", {}, el("code", {}, foreign(code))),
    ...wordsOfProblem(code, detail),
    errors.length > 0 &&
      el(
        "ul",
        { class: "reasons" },
        errors.map((error) => el("li", {}, el("code", {}, foreign(error.pointer)), " ", foreign(error.detail))),
      ),
    what !== "" && remedy(what),
    el(
      "p",
      { class: "muted" },
      retryable ? "The same request may succeed later." : "The same request would fail again.",
    ),
    isFailure &&
      el(
        "p",
        { class: "actions" },
        replayButton(filters, "Replay all like it…"),
        el("a", { href: hrefOf({ view: "requests", filters }) }, "All like it"),
      ),
  );
}

/** @param {Draft} draft */
function fieldsOf({ id, mailbox, to, subject, metadata, ...draft }) {
  const labels = Object.entries(metadata);
  return [
    field("Request", el("code", {}, foreign(id))),
    field("Mailbox", foreign(mailbox)),
    field(
      "To",
      to.length === 0
        ? "nobody"
        : el(
            "ul",
            {},
            to.map((one) => el("li", {}, foreign(one))),
          ),
    ),
    field("Subject", subject === "" ? "(no subject)" : foreign(subject)),
    field("Draft", idOrNone(draft.draftId)),
    field("Message", idOrNone(draft.messageId)),
    field("Thread", idOrNone(draft.threadId)),
    field("Attempts", String(draft.attempts)),
    field("Batch", draft.batch === null ? idOrNone(null) : batchLink(draft.batch)),
    field("Dedupe key", idOrNone(draft.dedupeKey)),
    field(
      "Metadata",
      labels.length === 0
        ? "none"
        : el(
            "ul",
            {},
            labels.map(([name, value]) => el("li", {}, el("code", {}, foreign(name)), " ", foreign(value))),
          ),
    ),
    field("Not before", draft.notBefore === null ? "at once" : wholeMoment(draft.notBefore)),
    field("Accepted", wholeMoment(draft.createdAt)),
    field("Last change", wholeMoment(draft.updatedAt)),
  ];
}

/**
 * @param {string} name
 * @param {import("./elements.js").Child} value
 */
function field(name, value) {
  return el("div", { "data-key": name }, el("dt", {}, name), el("dd", {}, value));
}

/** @param {string} batch */
function batchLink(batch) {
  return el("a", { href: hrefOf({ view: "batches", batch }) }, el("code", {}, foreign(batch)));
}

/** @param {string | null} id */
function idOrNone(id) {
  return id === null ? el("span", { class: "muted" }, "none") : el("code", {}, foreign(id));
}
