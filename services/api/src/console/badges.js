import { get } from "./api.js";
import { counted, number } from "./counted.js";
import { byId, unseen } from "./elements.js";
import { loadIncidents, openOnes } from "./incidents.js";
import { morph } from "./morph.js";
import { poll } from "./poll.js";
import { FAILURE_STATES } from "./states.js";

/** They are no view's: seldom is enough, and a count of every request costs a large ledger something. */
const EVERY_MS = 30_000;

/** Counts what has failed and what is open beside the names of their views, until it is stopped. */
export function countBadges() {
  return poll({
    async load(signal) {
      const [states, incidents] = await Promise.all([get("/v1/drafts?groupBy=state", signal), loadIncidents(signal)]);
      return { states: /** @type {import("./overview.js").States} */ (states), open: openOnes(incidents).length };
    },
    loaded({ states, open }) {
      const failed = states.groups
        .filter(({ state }) => FAILURE_STATES.some((one) => one === state))
        .reduce((sum, { count }) => sum + count, 0);
      show("failures-badge", failed, counted(failed, "request"));
      show("incidents-badge", open, `${number(open)} open`);
    },
    // The view beside it tells why.
    failed() {
      show("failures-badge", 0, "");
      show("incidents-badge", 0, "");
    },
    everyMs: () => EVERY_MS,
  });
}

/**
 * @param {string} id
 * @param {number} count
 * @param {string} words
 */
function show(id, count, words) {
  const badge = byId(id);
  badge.hidden = count === 0;
  badge.title = words;
  morph(badge, [document.createTextNode(number(count)), unseen(words.replace(/^\S+/, ""))]);
}
