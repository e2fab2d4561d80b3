import { get } from "./api.js";
import { controlTag, undoWords } from "./batch-words.js";
import { counted, number } from "./counted.js";
import { el, foreign } from "./elements.js";
import { moment } from "./moment.js";
import { pager } from "./pager.js";
import { hrefOf } from "./place.js";
import { REFRESH_MS } from "./poll.js";
import { empty, table } from "./table.js";

/** @typedef {import("./batch-words.js").BatchSummary} BatchSummary */
/** @typedef {{ readonly items: readonly BatchSummary[], readonly nextCursor: string | null }} Batches */

const PAGE = 25;
const COLUMNS = [
  { label: "Batch", name: "wide" },
  { label: "Told to", name: "state roomy" },
  { label: "Requests", name: "number roomy" },
  { label: "Rejected", name: "number roomy" },
  { label: "Undo", name: "left roomy" },
  { label: "Handed in", name: "time" },
];

/** @type {import("./views.js").View<Batches>} */
export const batches = {
  title: "Batches",
  lede: "Requests that were handed in together, the newest first. A batch is paused, resumed, canceled or taken back as a whole, on its page.",
  load({ cursor }, signal) {
    const after = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    return get(`/v1/batches?limit=${PAGE}${after}`, signal);
  },
  render({ items, nextCursor }, place) {
    const pages = pager(place, nextCursor);
    if (items.length === 0) return pages === null ? [nothing(place)] : [nothing(place), pages];
    const list = table("Batches, the newest first", COLUMNS, items.map(batchRow));
    list.setAttribute("data-key", "list");
    return pages === null ? [list] : [list, pages];
  },
  everyMs: () => REFRESH_MS,
};

/** @param {import("./place.js").Place} place */
function nothing({ cursor }) {
  if (cursor !== null) return empty("Nothing on this page", "What was here has gone: batches are kept for 30 days.");
  return empty("No batch yet", "They come in by ", el("code", {}, "POST /v1/batches"), ".");
}

/** @param {BatchSummary} batch */
function batchRow({ id, name, control, total, rejected, undo, createdAt }) {
  return el(
    "tr",
    { "data-key": id },
    el(
      "th",
      { scope: "row", class: "wide" },
      el("a", { class: "cover", href: hrefOf({ view: "batches", batch: id }) }, foreign(name ?? "(no name)", "cut")),
      el("span", { class: "muted line cut" }, foreign(id)),
      el(
        "span",
        { class: "line narrow" },
        controlTag(control),
        ` ${counted(total, "request")}${rejected === 0 ? "" : `, ${number(rejected)} rejected`}`,
      ),
      undo !== null && el("span", { class: "muted line narrow" }, `Undo: ${undoWords(undo)}`),
    ),
    el("td", { class: "state roomy" }, controlTag(control)),
    el("td", { class: "number roomy" }, number(total)),
    el("td", { class: "number roomy" }, number(rejected)),
    el("td", { class: "left roomy" }, undo === null ? el("span", { class: "muted" }, "none") : undoWords(undo)),
    el("td", { class: "time" }, moment(createdAt)),
  );
}
