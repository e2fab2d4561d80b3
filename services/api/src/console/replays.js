import { get } from "./api.js";
import { counted, number } from "./counted.js";
import { el, foreign, unseen } from "./elements.js";
import { moment } from "./moment.js";
import { pager } from "./pager.js";
import { REFRESH_MS } from "./poll.js";
import { wordsOf } from "./replay-button.js";
import { skippedList, sumOf } from "./skipped.js";
import { empty, table } from "./table.js";

/** @typedef {import("../replay-view.ts").ReplayView} Replay */
/** @typedef {{ readonly items: readonly Replay[], readonly nextCursor: string | null }} Replays */

const PAGE = 25;
/** While one runs there is something to see. */
const RUNNING_MS = 1_500;
const TONES = { running: "open", done: "good", canceled: "over" };

/** @type {import("./views.js").View<Replays>} */
export const replays = {
  title: "Replays",
  lede: "Orders to take failed requests up again, by a person or by an incident that is over. They are carried out at the server, whoever looks.",
  load({ cursor }, signal) {
    const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return get(`/v1/replays?limit=${PAGE}${after}`, signal);
  },
  render({ items, nextCursor }, place) {
    if (items.length === 0 && place.cursor === null) {
      return [empty("No replay yet", "Order one where something failed, under Failures or Incidents.")];
    }
    const list = replayTable(items);
    list.setAttribute("data-key", "list");
    const pages = pager(place, nextCursor);
    return pages === null ? [list] : [list, pages];
  },
  everyMs: ({ items }) => (items.some(({ status }) => status === "running") ? RUNNING_MS : REFRESH_MS),
};

/** @param {readonly Replay[]} items */
export function replayTable(items) {
  const columns = [
    { label: "What", name: "wide" },
    { label: "State", name: "state roomy" },
    { label: "Taken up", name: "number roomy" },
    { label: "Left", name: "left roomy" },
    { label: "Ordered", name: "time roomy" },
    { label: "Stop", name: "action", isQuiet: true },
  ];
  return table("Replays, the newest first", columns, items.map(replayRow));
}

/** @param {Replay["status"]} status */
function statusTag(status) {
  return el("span", { class: `tag tag-${TONES[status]}` }, status);
}

/** @param {Replay} replay */
function replayRow({ id, status, filter, requeued, skipped, caller, createdAt, finishedAt }) {
  return el(
    "tr",
    { "data-key": id },
    el(
      "th",
      { scope: "row", class: "wide" },
      foreign(wordsOf(filter)),
      el("span", { class: "line narrow" }, statusTag(status), ` ${counted(requeued, "request")} taken up`),
    ),
    el("td", { class: "state roomy" }, statusTag(status)),
    el("td", { class: "number roomy" }, number(requeued)),
    el(
      "td",
      { class: "left roomy" },
      sumOf(skipped) === 0 ? "0" : el("details", {}, el("summary", {}, number(sumOf(skipped))), skippedList(skipped)),
    ),
    el(
      "td",
      { class: "time roomy" },
      moment(createdAt),
      finishedAt !== null && el("span", { class: "muted" }, " to ", moment(finishedAt)),
      caller !== null && el("span", { class: "muted line" }, "by ", foreign(caller)),
    ),
    el(
      "td",
      { class: "action" },
      status === "running" &&
        el(
          "button",
          { type: "button", "data-action": "stop-replay", "data-id": id },
          "Stop",
          unseen(` the replay of ${wordsOf(filter)}`),
        ),
    ),
  );
}
