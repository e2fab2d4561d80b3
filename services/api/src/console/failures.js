import { get } from "./api.js";
import { counted, number } from "./counted.js";
import { el, foreign, unseen } from "./elements.js";
import { loadIncidents, openOnes } from "./incidents.js";
import { hrefOf } from "./place.js";
import { REFRESH_MS } from "./poll.js";
import { remedy } from "./remedy.js";
import { replayButton } from "./replay-button.js";
import { stateTag } from "./states.js";
import { empty, table } from "./table.js";

/** @typedef {import("../failure-groups.ts").FailureGroupView} Group */
/** @typedef {{ readonly groups: readonly Group[], readonly truncated: boolean }} Groups */

/** Of a code that fails everywhere, the mailboxes with the most; the others are in the requests. */
const MAILBOXES_SHOWN = 25;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<Groups>}
 */
export function loadGroups(signal) {
  return get("/v1/failures?groupBy=code,mailbox", signal);
}

/** @type {import("./views.js").View<Groups & { readonly open: ReturnType<typeof openOnes> }>} */
export const failures = {
  title: "Failures",
  lede: "What has failed, is parked or is dead, by code. A replay takes requests up again; one whose draft exists gets no second one.",
  async load(_place, signal) {
    const [groups, incidents] = await Promise.all([loadGroups(signal), loadIncidents(signal)]);
    return { ...groups, open: openOnes(incidents) };
  },
  render({ groups, truncated, open }) {
    if (groups.length === 0) {
      return [empty("Nothing failed", "Every request on record became a draft, waits for its turn or was withdrawn.")];
    }
    const byCode = [...Map.groupBy(groups, ({ code = "" }) => code)]
      .map(([code, members]) => ({ code, members, count: sum(members) }))
      .sort((a, b) => b.count - a.count || a.code.localeCompare(b.code));
    const cards = byCode.map((group) => codeCard(group, open.find(({ code }) => code === group.code)?.remedy));
    return [
      truncated &&
        el(
          "p",
          { class: "hint", "data-key": "more" },
          "There are more groups than were counted: the figures are too low.",
        ),
      ...cards,
    ].filter((node) => node instanceof Node);
  },
  everyMs: () => REFRESH_MS,
};

/**
 * @param {{ readonly code: string, readonly members: readonly Group[], readonly count: number }} group
 * @param {string | undefined} filledIn the remedy of an open incident of the code, which has the values to paste
 */
function codeCard({ code, members, count }, filledIn) {
  const [{ title = "", remedy: general = "" } = {}] = members;
  const what = filledIn && !general.includes("{mailbox}") ? filledIn : withMailbox(general, members);
  const sorted = members.toSorted((a, b) => b.count - a.count || (a.mailbox ?? "").localeCompare(b.mailbox ?? ""));
  return el(
    "section",
    { class: "card", "data-key": code },
    el(
      "header",
      { class: "card-head" },
      el("h2", {}, el("code", {}, foreign(code)), " ", el("span", { class: "count" }, counted(count, "request"))),
      members.length > 1 && replayButton({ code }, "Replay all of them…"),
    ),
    el("p", {}, title),
    what !== "" && remedy(what),
    /\{\w+\}/.test(what) && el("p", { class: "muted" }, "What stands in braces is filled in on each record."),
    mailboxTable(code, sorted.slice(0, MAILBOXES_SHOWN)),
    sorted.length > MAILBOXES_SHOWN &&
      el(
        "p",
        { class: "muted" },
        `The ${MAILBOXES_SHOWN} mailboxes with the most are shown, of ${number(sorted.length)}. `,
        el("a", { href: hrefOf({ view: "requests", filters: { code } }) }, "All of its requests"),
      ),
  );
}

/**
 * @param {string} general a remedy for any mailbox
 * @param {readonly Group[]} members
 */
function withMailbox(general, members) {
  const [{ mailbox = "" } = {}] = members;
  return general.replaceAll("{mailbox}", () => (members.length === 1 ? mailbox : "the mailbox"));
}

/**
 * @param {string} code
 * @param {readonly Group[]} members
 */
function mailboxTable(code, members) {
  const columns = [
    { label: "Mailbox", name: "wide" },
    { label: "Requests", name: "number" },
    { label: "States", name: "states roomy" },
    { label: "Replay", name: "action", isQuiet: true },
  ];
  const rows = members.map(({ mailbox = "", count, byState }) => {
    const filters = { code, mailbox };
    return el(
      "tr",
      { "data-key": mailbox },
      el("th", { scope: "row", class: "wide" }, foreign(mailbox)),
      el(
        "td",
        { class: "number" },
        el("a", { href: hrefOf({ view: "requests", filters }) }, number(count), unseen(` requests in ${mailbox}`)),
      ),
      el(
        "td",
        { class: "states roomy" },
        Object.entries(byState).map(([state, some]) => el("span", {}, stateTag(state), ` ${number(some)} `)),
      ),
      el("td", { class: "action" }, replayButton(filters)),
    );
  });
  return table(`Mailboxes with ${code}`, columns, rows);
}

/** @param {readonly Group[]} groups */
export function sum(groups) {
  return groups.reduce((total, { count }) => total + count, 0);
}
