import { get } from "./api.js";
import { batchButtons } from "./batch-buttons.js";
import { controlTag, statusWords, sumsOf, timeLeft, undoWords } from "./batch-words.js";
import { counted, number } from "./counted.js";
import { el, foreign, unseen } from "./elements.js";
import { moment } from "./moment.js";
import { hrefOf } from "./place.js";
import { REFRESH_MS } from "./poll.js";
import { remedy } from "./remedy.js";
import { replayButton } from "./replay-button.js";
import { stateTiles } from "./state-tiles.js";
import { FAILURE_STATES, stateTag } from "./states.js";
import { table } from "./table.js";

/** @typedef {import("./batch-words.js").Batch} Batch */

/** Each look is a count of every mailbox, and what has ended changes when a person does something. */
const ENDED_MS = 30_000;

/** What has come of one batch, and what can be done with all of it. @type {import("./views.js").View<Batch>} */
export const batch = {
  title: "Batch",
  lede: "",
  load({ batch: id }, signal) {
    return get(`/v1/batches/${encodeURIComponent(id ?? "")}`, signal);
  },
  render(shown) {
    const { id, counts, control, undo } = shown;
    const meanings = control === "paused" ? { parked: "set aside until the batch is resumed, or as a failure" } : {};
    return [
      headCard(shown),
      progressCard(shown),
      undo !== null && undoCard(undo),
      el(
        "div",
        { class: "section-head", "data-key": "states-head" },
        el("h2", {}, "Requests by state"),
        el("a", { href: hrefOf({ view: "requests", filters: { batch: id } }) }, "All", unseen(" of its requests")),
      ),
      stateTiles(
        Object.entries(counts).map(([state, count]) => ({ state, count })),
        { batch: id },
        meanings,
      ),
      failureLine(shown),
      el("h2", { "data-key": "mailboxes-head" }, "Mailboxes"),
      ...mailboxNodes(shown),
    ].filter((node) => node instanceof Node);
  },
  everyMs: ({ status, undo }) =>
    status === "finished" && (undo === null || undo.finishedAt !== null) ? ENDED_MS : REFRESH_MS,
};

/** @param {Batch} shown */
function headCard(shown) {
  const { id, name, status, control, total, rejected, createdAt } = shown;
  return el(
    "section",
    { class: "card", "data-key": "head" },
    el("h2", {}, foreign(name ?? "(no name)")),
    el("p", { "data-key": "status" }, statusWords(status)),
    status === "incomplete" &&
      remedy(
        "whoever handed it in hands it in again, with the same Idempotency-Key and the same content: no request becomes a second draft. Without a key it would be another batch. While it is still coming in, there is nothing to do.",
      ),
    el(
      "dl",
      { class: "facts" },
      fact("Handed in", moment(createdAt)),
      fact("Requests", number(total)),
      fact("Rejected", number(rejected)),
      fact("Told to", controlTag(control)),
      fact("Id", el("code", {}, foreign(id))),
    ),
    batchButtons(shown),
  );
}

/** @param {Batch} shown */
function progressCard(shown) {
  const { all, left } = sumsOf(shown);
  const ended = all - left;
  const words = `${number(ended)} of ${counted(all, "request")} ${ended === 1 ? "has" : "have"} ended.`;
  return el(
    "section",
    { class: "card", "data-key": "progress" },
    el("p", { class: "estimate" }, words),
    el("progress", {
      "aria-label": "Requests that have ended",
      "aria-valuetext": words,
      max: Math.max(all, 1),
      value: ended,
    }),
    el("p", { class: "muted", "data-key": "left" }, wordsOfRest(shown, left)),
  );
}

/**
 * What becomes of what has not ended, and when.
 *
 * @param {Batch} shown
 * @param {number} left
 */
function wordsOfRest({ control, secondsLeft }, left) {
  if (left === 0) return "Nothing is left to do.";
  if (control === "paused") return "It stands still until it is resumed.";
  if (control === "canceled") return `${counted(left, "request")} still to be withdrawn.`;
  if (secondsLeft === null) return "What is left waits for an administrator.";
  return `Time left: ${timeLeft(secondsLeft)}, by Gmail's quota and by how fast it has been.`;
}

/** @param {NonNullable<Batch["undo"]>} undo */
function undoCard(undo) {
  const { askedAt, finishedAt } = undo;
  return el(
    "section",
    { class: "card", "data-key": "undo" },
    el("h2", {}, "Undo"),
    el("p", {}, undoWords(undo)),
    el(
      "dl",
      { class: "facts" },
      fact("Asked for", moment(askedAt)),
      finishedAt !== null && fact("Finished", moment(finishedAt)),
    ),
  );
}

/**
 * The way to what failed. What a pause has set aside is parked, and no failure.
 *
 * @param {Batch} shown
 */
function failureLine({ id, counts, control }) {
  const states = FAILURE_STATES.filter((state) => counts[state] > 0 && (state !== "parked" || control === "open"));
  if (states.length === 0) return null;
  return el(
    "p",
    { class: "actions", "data-key": "failures" },
    "Failures: ",
    states.map((state) =>
      el(
        "a",
        { href: hrefOf({ view: "requests", filters: { batch: id, state } }), "data-key": state },
        `${counted(counts[state], "request")} ${state}`,
      ),
    ),
    control === "open" && replayButton({ batch: id }, "Replay its failures…"),
  );
}

/** @param {Batch} shown */
function mailboxNodes({ id, total, mailboxes }) {
  const columns = [
    { label: "Mailbox", name: "wide" },
    { label: "Requests", name: "number" },
    { label: "States", name: "left roomy" },
  ];
  const rows = mailboxes.map(({ mailbox, total: count, counts }) =>
    el(
      "tr",
      { "data-key": mailbox },
      el(
        "th",
        { scope: "row", class: "wide" },
        foreign(mailbox),
        el("span", { class: "line narrow" }, stateCounts(counts)),
      ),
      el(
        "td",
        { class: "number" },
        el(
          "a",
          { href: hrefOf({ view: "requests", filters: { batch: id, mailbox } }) },
          number(count),
          unseen(` requests in ${mailbox}`),
        ),
      ),
      el("td", { class: "left roomy" }, stateCounts(counts)),
    ),
  );
  const list = table("Its mailboxes, those with the most requests first", columns, rows);
  list.setAttribute("data-key", "mailboxes");
  const shown = mailboxes.reduce((sum, { total: count }) => sum + count, 0);
  const rest = counted(total - shown, "request");
  return shown >= total
    ? [list]
    : [list, el("p", { class: "muted", "data-key": "rest" }, `${rest} more are of other mailboxes.`)];
}

/** @param {Batch["counts"]} counts */
function stateCounts(counts) {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => el("span", {}, stateTag(state), ` ${number(count)} `));
}

/**
 * @param {string} name
 * @param {...import("./elements.js").Child} value
 */
function fact(name, ...value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
}
