import { announce } from "./announcer.js";
import { byId, el } from "./elements.js";
import { clockTime } from "./moment.js";
import { morph } from "./morph.js";
import { explain, notice } from "./notice.js";
import { tokenHolder } from "./token.js";

const BUSY_AFTER_MS = 1_000;

/** What `showLive` can say. */
const LIVE = { on: "Live", off: "Reconnecting", wait: "Waiting for a token" };

let calls = 0;
/** Of the failure that is shown; null when there is none. @type {number | null} */
let shownStatus = null;

/**
 * Heads the page for a view.
 *
 * @param {import("./place.js").ViewName} name
 * @param {{ readonly title: string, readonly lede: string }} view
 */
export function showHead(name, { title, lede }) {
  document.title = `${title} · Draftmill`;
  byId("title").textContent = title;
  byId("lede").textContent = lede;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.getAttribute("data-view") === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @param {readonly Node[]} nodes */
export function showBody(nodes) {
  byId("view").removeAttribute("aria-busy");
  morph(byId("view"), nodes);
}

export function showLoading() {
  byId("view").setAttribute("aria-busy", "true");
  morph(byId("view"), [el("p", { class: "loading", "data-key": "loading" }, "Loading…", el("progress"))]);
}

/** There is nothing to show, and why is told beside it. */
export function showNothing() {
  byId("view").removeAttribute("aria-busy");
  morph(byId("view"), []);
}

/**
 * Tells of a failure above what was there before, and stays until `showWell`.
 *
 * @param {import("./api.js").CallFailed} failure
 * @param {Date | null} again
 */
export function showTrouble(failure, again) {
  morph(byId("trouble"), [notice(failure, again)]);
  showLive(failure.status === 401 ? "wait" : "off");
  if (shownStatus === failure.status) return;
  shownStatus = failure.status;
  const { title, text } = explain(failure);
  announce(`${title}. ${text}`);
}

export function showWell() {
  showLive("on");
  byId("updated").textContent = clockTime(new Date());
  if (shownStatus === null) return;
  shownStatus = null;
  morph(byId("trouble"), []);
  announce("The api answers again.");
}

/**
 * Tells why what somebody asked for did not happen. It stays until they ask again or go elsewhere: that the page loads well says
 * nothing of it.
 *
 * @param {import("./api.js").CallFailed} failure
 */
export function showRefused(failure) {
  morph(byId("refused"), [notice(failure)]);
  announce(explain(failure).title);
}

export function forgetRefused() {
  morph(byId("refused"), []);
}

/** @param {keyof typeof LIVE} state */
function showLive(state) {
  byId("live").dataset.live = state;
  byId("live-text").textContent = LIVE[state];
}

/** Says whose token the page holds, if any. */
export function showHolder() {
  const holder = tokenHolder();
  byId("holder").hidden = holder === null;
  const until = holder?.until ? ` until ${clockTime(holder.until)}` : "";
  byId("holder-name").textContent = holder === null ? "" : `${holder.email}${until}`;
}

/**
 * Shows that something is under way when it takes longer than a moment.
 *
 * @template Value
 * @param {Promise<Value>} call
 */
export async function busyWhile(call) {
  calls += 1;
  const timer = setTimeout(() => {
    byId("busy").hidden = false;
  }, BUSY_AFTER_MS);
  try {
    return await call;
  } finally {
    clearTimeout(timer);
    calls -= 1;
    if (calls === 0) byId("busy").hidden = true;
  }
}
