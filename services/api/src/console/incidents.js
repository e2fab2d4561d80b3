import { get } from "./api.js";
import { loadCodes, wordsOfProblem } from "./codes.js";
import { counted } from "./counted.js";
import { el, foreign } from "./elements.js";
import { duration, moment } from "./moment.js";
import { hrefOf } from "./place.js";
import { REFRESH_MS } from "./poll.js";
import { remedy } from "./remedy.js";
import { replayButton } from "./replay-button.js";
import { empty, table } from "./table.js";

/** @typedef {import("../incident-view.ts").IncidentView} Incident */
/** @typedef {{ readonly items: readonly Incident[], readonly hasMore: boolean }} Incidents */

const PAGE = 200;
/** An incident is one of a mailbox and a code: more than these are more than a person reads. */
const PAGES_MAX = 5;
const CLOSED_SHOWN = 50;

/**
 * Every incident on record, up to a thousand: those that are open may be on any page.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<Incidents>}
 */
export async function loadIncidents(signal) {
  /** @type {Incident[]} */
  const items = [];
  let cursor = "";
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await get(`/v1/incidents?limit=${PAGE}${cursor}`, signal);
    items.push(...page.items);
    if (page.nextCursor === null) return { items, hasMore: false };
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
  return { items, hasMore: true };
}

/** @param {Incidents} incidents */
export function openOnes({ items }) {
  return items.filter(({ status }) => status === "open").sort((a, b) => b.openedAt.localeCompare(a.openedAt));
}

/** @type {import("./views.js").View<Incidents>} */
export const incidents = {
  title: "Incidents",
  lede: "What an administrator has to mend. While one is open, what comes in for its mailbox is parked without a call to Google, which is asked now and then whether it is over.",
  async load(_place, signal) {
    const [found] = await Promise.all([loadIncidents(signal), loadCodes()]);
    return found;
  },
  render(found) {
    const open = openOnes(found);
    const closed = found.items
      .filter(({ status }) => status === "closed")
      .sort((a, b) => (b.closedAt ?? "").localeCompare(a.closedAt ?? ""));
    return [
      found.hasMore && el("p", { class: "hint", "data-key": "more" }, "There are more; these are the latest thousand."),
      el("h2", { "data-key": "open-head" }, "Open ", el("span", { class: "count" }, open.length)),
      open.length === 0
        ? empty("Nothing is open", "No mailbox waits for an administrator.")
        : el("div", { class: "cards", "data-key": "open" }, open.map(openIncident)),
      el("h2", { "data-key": "closed-head" }, "Closed ", el("span", { class: "count" }, closed.length)),
      closed.length === 0
        ? el("p", { class: "muted", "data-key": "none" }, "None in the last 30 days.")
        : closedTable(closed.slice(0, CLOSED_SHOWN)),
      closed.length > CLOSED_SHOWN &&
        el("p", { class: "muted", "data-key": "rest" }, `The latest ${CLOSED_SHOWN} are shown.`),
    ].filter((node) => node instanceof Node);
  },
  everyMs: () => REFRESH_MS,
};

/** @param {Incident} incident */
export function openIncident({ id, code, mailbox, detail, remedy: what, openedAt, probes, nextProbeAt }) {
  const filters = { code, mailbox };
  return el(
    "article",
    { class: "card", "data-key": id },
    el("h3", {}, el("code", {}, foreign(code)), " ", foreign(mailbox)),
    ...wordsOfProblem(code, detail),
    what !== "" && remedy(what),
    el(
      "dl",
      { class: "facts" },
      fact("Since", moment(openedAt), ` (${duration(Date.now() - Date.parse(openedAt))})`),
      fact("Google asked", counted(probes, "time")),
      nextProbeAt !== null && fact("Next", nextProbe(nextProbeAt)),
    ),
    el(
      "p",
      { class: "actions" },
      replayButton(filters, "It is mended: replay…"),
      el("a", { href: hrefOf({ view: "requests", filters }) }, "Its requests"),
    ),
  );
}

/** @param {string} iso */
function nextProbe(iso) {
  const ms = Date.parse(iso) - Date.now();
  return ms <= 0 ? "with the next sweep" : `in ${duration(ms)}`;
}

/**
 * @param {string} name
 * @param {...import("./elements.js").Child} value
 */
function fact(name, ...value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, ...value));
}

/** @param {readonly Incident[]} closed */
function closedTable(closed) {
  const columns = [
    { label: "Mailbox", name: "wide" },
    { label: "Code", name: "code" },
    { label: "Closed", name: "time" },
    { label: "Lasted", name: "short roomy" },
    { label: "By", name: "short roomy" },
  ];
  const rows = closed.map(({ id, mailbox, code, openedAt, closedAt, closedBy }) =>
    el(
      "tr",
      { "data-key": id },
      el("th", { scope: "row", class: "wide" }, foreign(mailbox)),
      el("td", { class: "code" }, el("code", {}, foreign(code))),
      el("td", { class: "time" }, closedAt !== null && moment(closedAt)),
      el("td", { class: "short roomy" }, duration(Date.parse(closedAt ?? openedAt) - Date.parse(openedAt))),
      el("td", { class: "short roomy" }, closedBy === "probe" ? "Google" : "a replay"),
    ),
  );
  const closedOnes = table("Closed incidents, the latest first", columns, rows);
  closedOnes.setAttribute("data-key", "closed");
  return closedOnes;
}
