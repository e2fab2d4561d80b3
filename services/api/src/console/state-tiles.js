import { number } from "./counted.js";
import { el } from "./elements.js";
import { hrefOf } from "./place.js";
import { STATES } from "./states.js";

/**
 * How many requests are in each state, each a link to them.
 *
 * @param {readonly { readonly state: string, readonly count: number }[]} groups
 * @param {import("./place.js").Filters} [filters] of the requests that are counted
 * @param {Readonly<Record<string, string>>} [meanings] of states that stand for something else here
 */
export function stateTiles(groups, filters = {}, meanings = {}) {
  return el(
    "ul",
    { class: "tiles", "data-key": "states" },
    groups.map(({ state, count }) => {
      const { meaning, tone } = Object.hasOwn(STATES, state)
        ? STATES[/** @type {import("./states.js").DraftState} */ (state)]
        : { meaning: "", tone: "over" };
      return el(
        "li",
        { "data-key": state },
        el(
          "a",
          {
            class: `tile ${count > 0 ? `tile-${tone}` : "tile-none"}`,
            href: hrefOf({ view: "requests", filters: { ...filters, state } }),
          },
          el("span", { class: "tile-count" }, number(count)),
          el("span", { class: "tile-name" }, state),
          el("span", { class: "tile-meaning" }, meanings[state] ?? meaning),
        ),
      );
    }),
  );
}
