import { get } from "./api.js";
import { loadCodes, titleOf } from "./codes.js";
import { el, foreign } from "./elements.js";
import { moment } from "./moment.js";
import { pager } from "./pager.js";
import { FILTER_NAMES, hrefOf } from "./place.js";
import { REFRESH_MS } from "./poll.js";
import { replayButton } from "./replay-button.js";
import { FAILURE_STATES, stateTag } from "./states.js";
import { empty, table } from "./table.js";

/** @typedef {import("../draft-view.ts").DraftView} Draft */
/** @typedef {import("./place.js").Place} Place */
/** @typedef {{ readonly items: readonly Draft[], readonly nextCursor: string | null }} Drafts */

const PAGE = 50;
const COLUMNS = [
  { label: "State", name: "state" },
  { label: "Request", name: "wide" },
  { label: "Mailbox", name: "mailbox roomy" },
  { label: "Problem", name: "code roomy" },
  { label: "Accepted", name: "time" },
];

/** @type {import("./views.js").View<Drafts>} */
export const requests = {
  title: "Requests",
  lede: "Everything that was asked for in the last 30 days, the newest first.",
  async load({ filters, cursor }, signal) {
    const query = new URLSearchParams({ limit: String(PAGE), ...filters, ...(cursor === null ? {} : { cursor }) });
    const [page] = await Promise.all([get(`/v1/drafts?${query}`, signal), loadCodes()]);
    return page;
  },
  render({ items, nextCursor }, place) {
    const pages = pager(place, nextCursor);
    if (items.length === 0) return pages === null ? [nothing(place)] : [nothing(place), pages];
    const list = table(
      "Requests, the newest first",
      COLUMNS,
      items.map((draft) => draftRow(draft, place)),
    );
    list.setAttribute("data-key", "list");
    return [replayOf(place), list, pages].filter((node) => node !== null);
  },
  everyMs: () => REFRESH_MS,
};

/** @param {Place} place */
function nothing({ filters, cursor }) {
  if (cursor !== null) return empty("Nothing on this page", "What was here has gone: records are kept for 30 days.");
  const isFiltered = FILTER_NAMES.some((name) => filters[name] !== undefined);
  if (isFiltered) return empty("No request fits", "None on record fits all that the filter says.");
  return empty("No request yet", "They come in by ", el("code", {}, "POST /v1/drafts"), ", or over the topic.");
}

/**
 * Where the list is of failures, they can be replayed as they are filtered.
 *
 * @param {Place} place
 */
function replayOf({ filters }) {
  const { state, code } = filters;
  const isOfFailures = state === undefined ? code !== undefined : FAILURE_STATES.some((one) => one === state);
  return isOfFailures
    ? el("p", { class: "actions", "data-key": "replay" }, replayButton(filters, "Replay these…"))
    : null;
}

/**
 * @param {Draft} draft
 * @param {Place} place
 */
function draftRow({ id, status, subject, to, mailbox, problem, note, createdAt }, place) {
  return el(
    "tr",
    { "data-key": id },
    el("td", { class: "state" }, stateTag(status), note !== null && el("span", { class: "muted line" }, note)),
    el(
      "th",
      { scope: "row", class: "wide" },
      el("a", { class: "cover", href: hrefOf({ ...place, open: id }) }, foreign(subject || "(no subject)", "cut")),
      el("span", { class: "muted line cut" }, "to ", foreign(to.join(", "))),
      el("span", { class: "muted line cut narrow" }, "in ", foreign(mailbox)),
    ),
    el("td", { class: "mailbox roomy" }, foreign(mailbox, "cut")),
    el(
      "td",
      { class: "code roomy" },
      problem !== null && el("code", { title: titleOf(problem.code) }, foreign(problem.code, "cut")),
    ),
    el("td", { class: "time" }, moment(createdAt)),
  );
}
