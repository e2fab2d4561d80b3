import { el } from "./elements.js";
import { hrefOf } from "./place.js";

/**
 * The way to older and back to the newest ones. A page is a place of its own, so that Back leads to the one before.
 *
 * @param {import("./place.js").Place} place
 * @param {string | null} nextCursor
 */
export function pager(place, nextCursor) {
  if (place.cursor === null && nextCursor === null) return null;
  const first = hrefOf({ ...place, cursor: null, open: null });
  const older = hrefOf({ ...place, cursor: nextCursor, open: null });
  return el(
    "nav",
    { class: "pager", "aria-label": "Pages", "data-key": "pager" },
    place.cursor !== null && el("a", { class: "button", href: first, "data-key": "first" }, "Newest"),
    nextCursor !== null && el("a", { class: "button", href: older, "data-key": "older" }, "Older"),
    nextCursor === null && el("span", { class: "muted", "data-key": "end" }, "These are the oldest on record."),
  );
}
