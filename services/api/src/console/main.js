import { announce } from "./announcer.js";
import { CallFailed, post } from "./api.js";
import { countBadges } from "./badges.js";
import { orderOf } from "./batch-buttons.js";
import { batchDialog } from "./batch-dialog.js";
import { enableCopying } from "./copy.js";
import { byId } from "./elements.js";
import { filterForm } from "./filter-form.js";
import { explain } from "./notice.js";
import { hrefOf, isSameList, parsePlace } from "./place.js";
import { poll } from "./poll.js";
import { recordDialog } from "./record-dialog.js";
import { filterOf } from "./replay-button.js";
import { replayDialog } from "./replay-dialog.js";
import {
  busyWhile,
  forgetRefused,
  showBody,
  showHead,
  showHolder,
  showLoading,
  showNothing,
  showRefused,
  showTrouble,
  showWell,
} from "./screen.js";
import { signIn } from "./sign-in.js";
import { forgetToken } from "./token.js";
import { viewAt } from "./views.js";

/** @typedef {import("./place.js").Place} Place */

/** How many lists are kept, to be there at once when somebody comes back to one. */
const KEPT = 20;

let place = parsePlace(location.hash);
/** What was loaded last of each list, by its address. @type {Map<string, unknown>} */
const kept = new Map();
/** How far down one was in each. @type {Map<string, number>} */
const depths = new Map();
/** Whether the record that is open was opened from the list under it. */
let isOpenedHere = false;
/** Nothing has been answered yet, and nobody asked for a token. */
let isNew = true;
/** @type {ReturnType<typeof poll> | undefined} */
let polling;
let badges = countBadges();

const filters = filterForm();
const tokens = signIn(haveToken);
const replay = replayDialog(() => polling?.now());
const orders = batchDialog(() => polling?.now());
const record = recordDialog(() => {
  // Back to the list, and not on to a second one of it.
  if (isOpenedHere) history.back();
  else location.replace(hrefOf({ ...place, open: null }));
});

/** @param {Place} at */
function listOf(at) {
  return hrefOf({ ...at, open: null });
}

function showPlace() {
  const shown = place;
  const view = viewAt(shown);
  showHead(shown.view, view);
  filters.show(shown);
  record.show(shown.open);
  if (kept.has(listOf(shown))) showBody(view.render(kept.get(listOf(shown)), shown));
  else showLoading();
  let isFirst = true;
  polling?.stop();
  polling = poll({
    load: (signal) => busyWhile(view.load(shown, signal)),
    loaded(data) {
      isNew = false;
      keep(listOf(shown), data);
      showWell();
      showBody(view.render(data, place));
      if (isFirst) announce(`${view.title}: loaded.`);
      isFirst = false;
    },
    failed(failure, again) {
      if (!kept.has(listOf(shown))) showNothing();
      showTrouble(failure, again);
      if (failure.status !== 401 || !isNew) return;
      // Once: later it would take the focus from whoever is at something.
      isNew = false;
      tokens.open();
    },
    everyMs: (data) => view.everyMs(data),
  });
}

/**
 * @param {string} list
 * @param {unknown} data
 */
function keep(list, data) {
  kept.delete(list);
  kept.set(list, data);
  for (const oldest of kept.keys()) if (kept.size > KEPT) kept.delete(oldest);
}

function haveToken() {
  showHolder();
  badges.stop();
  badges = countBadges();
  showPlace();
  record.again();
  replay.again();
  orders.again();
}

window.addEventListener("hashchange", () => {
  const before = place;
  place = parsePlace(location.hash);
  if (isSameList(before, place)) {
    isOpenedHere = before.open === null && place.open !== null;
    record.show(place.open);
    const data = kept.get(listOf(place));
    // Its links lead to records over the list that is shown.
    if (data !== undefined) showBody(viewAt(place).render(data, place));
    return;
  }
  isOpenedHere = false;
  forgetRefused();
  depths.set(listOf(before), window.scrollY);
  replay.close();
  orders.close();
  showPlace();
  window.scrollTo(0, depths.get(listOf(place)) ?? 0);
  const isElsewhere = before.view !== place.view || before.batch !== place.batch || before.cursor !== place.cursor;
  if (isElsewhere) byId("title").focus({ preventScroll: true });
});

/** @param {string} id */
async function stopReplay(id) {
  forgetRefused();
  try {
    await post(`/v1/replays/${encodeURIComponent(id)}/cancel`, {});
    announce("The replay is stopped.");
  } catch (error) {
    if (!(error instanceof CallFailed)) throw error;
    // It has ended before, and its row says so.
    if (error.status === 409) announce(explain(error).title);
    else showRefused(error);
  }
  polling?.now();
}

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("button[data-action]") : null;
  if (!(button instanceof HTMLButtonElement)) return;
  switch (button.dataset.action) {
    case "replay":
      return replay.open(filterOf(button.dataset));
    case "stop-replay":
      return void busyWhile(stopReplay(button.dataset.id ?? ""));
    case "order-batch":
      return orders.open(orderOf(button.dataset));
    case "sign-in":
      return tokens.open();
    case "again":
      polling?.now();
      return record.again();
    case "forget":
      forgetToken();
      kept.clear();
      location.reload();
      return;
    default:
  }
});

byId("skip").addEventListener("click", (event) => {
  // The hash is taken: it says where one is.
  event.preventDefault();
  byId("content").focus();
});

history.scrollRestoration = "manual";
enableCopying();
showHolder();
showPlace();
