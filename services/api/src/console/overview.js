import { get } from "./api.js";
import { loadCodes } from "./codes.js";
import { number } from "./counted.js";
import { el, foreign, unseen } from "./elements.js";
import { loadGroups, sum } from "./failures.js";
import { loadIncidents, openIncident, openOnes } from "./incidents.js";
import { hrefOf } from "./place.js";
import { REFRESH_MS } from "./poll.js";
import { replayButton } from "./replay-button.js";
import { replayTable } from "./replays.js";
import { stateTiles } from "./state-tiles.js";
import { empty, table } from "./table.js";

/** @typedef {import("../state-groups.ts").StateGroups} States */
/** @typedef {import("./failures.js").Groups} Groups */

const SHOWN = 5;
/** They are tall, and what failed stands below them. */
const INCIDENTS_SHOWN = 3;

/**
 * @typedef {object} Overview
 * @property {States} states
 * @property {Groups} failures
 * @property {ReturnType<typeof openOnes>} open
 * @property {readonly import("./replays.js").Replay[]} replays
 */

/** @type {import("./views.js").View<Overview>} */
export const overview = {
  title: "Overview",
  lede: "",
  async load(_place, signal) {
    const [states, failures, incidents, { items: replays }] = await Promise.all([
      get("/v1/drafts?groupBy=state", signal),
      loadGroups(signal),
      loadIncidents(signal),
      get(`/v1/replays?limit=${SHOWN}`, signal),
      loadCodes(),
    ]);
    return { states, failures, open: openOnes(incidents), replays };
  },
  render({ states, failures, open, replays }) {
    return [
      el("h2", { class: "unseen", "data-key": "states-head" }, "Requests by state"),
      stateTiles(states.groups),
      head("open-head", "Open incidents", open.length, "incidents"),
      open.length === 0
        ? calm("No incident is open", "No mailbox waits for an administrator.", "no-incident")
        : el("div", { class: "cards", "data-key": "open" }, open.slice(0, INCIDENTS_SHOWN).map(openIncident)),
      head("failures-head", "Failures", sum(failures.groups), "failures"),
      failures.groups.length === 0
        ? calm("Nothing failed", "Every request became a draft, waits for its turn or was withdrawn.", "no-failure")
        : keyed("failures", failureTable(failures.groups.slice(0, SHOWN))),
      head("replays-head", "Last replays", null, "replays"),
      replays.length === 0
        ? el("p", { class: "muted", "data-key": "no-replay" }, "None in the last 30 days.")
        : keyed("replays", replayTable(replays)),
    ];
  },
  everyMs: () => REFRESH_MS,
};

/**
 * @param {string} key
 * @param {string} text
 * @param {number | null} count
 * @param {import("./place.js").ViewName} view where all of them are
 */
function head(key, text, count, view) {
  return el(
    "div",
    { class: "section-head", "data-key": key },
    el("h2", {}, `${text} `, count !== null && el("span", { class: "count" }, number(count))),
    el("a", { href: hrefOf({ view }) }, "All", unseen(` ${view}`)),
  );
}

/**
 * @param {string} title
 * @param {string} text
 * @param {string} key
 */
function calm(title, text, key) {
  const node = empty(title, text);
  node.setAttribute("data-key", key);
  return node;
}

/**
 * @param {string} key
 * @param {HTMLElement} element
 */
function keyed(key, element) {
  element.setAttribute("data-key", key);
  return element;
}

/** @param {Groups["groups"]} groups */
function failureTable(groups) {
  const columns = [
    { label: "Code", name: "wide" },
    { label: "Mailbox", name: "mailbox roomy" },
    { label: "Requests", name: "number" },
    { label: "Replay", name: "action", isQuiet: true },
  ];
  const rows = groups.map(({ code = "", mailbox = "", count, title = "" }) => {
    const filters = { code, mailbox };
    return el(
      "tr",
      { "data-key": `${code} ${mailbox}` },
      el(
        "th",
        { scope: "row", class: "wide" },
        el("code", { title }, foreign(code)),
        el("span", { class: "muted line narrow" }, "in ", foreign(mailbox)),
      ),
      el("td", { class: "mailbox roomy" }, foreign(mailbox)),
      el(
        "td",
        { class: "number" },
        el(
          "a",
          { href: hrefOf({ view: "requests", filters }) },
          number(count),
          unseen(` requests with ${code} in ${mailbox}`),
        ),
      ),
      el("td", { class: "action" }, replayButton(filters)),
    );
  });
  return table("The failures with the most requests", columns, rows);
}
