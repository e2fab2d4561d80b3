import { loadCodes } from "./codes.js";
import { byId, el } from "./elements.js";
import { morph } from "./morph.js";
import { FILTER_NAMES, hrefOf } from "./place.js";
import { STATES } from "./states.js";

/**
 * The filter of the requests. It only leads to places; what it shows is where one is.
 *
 * @returns {{ show(place: import("./place.js").Place): void }}
 */
export function filterForm() {
  /** @type {HTMLFormElement} */
  const form = byId("filters");
  /** @type {HTMLFormElement} */
  const lookup = byId("lookup");
  /** @type {HTMLInputElement} */
  const idField = byId("lookup-id");
  byId("filter-state").append(...Object.keys(STATES).map((state) => el("option", { value: state }, state)));
  let shown = "";

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const values = FILTER_NAMES.map((name) => [name, fieldOf(name).value.trim()]);
    location.hash = hrefOf({
      view: "requests",
      filters: Object.fromEntries(values.filter(([, value]) => value !== "")),
    });
  });
  lookup.addEventListener("submit", (event) => {
    event.preventDefault();
    const id = idField.value.trim();
    idField.value = "";
    if (id !== "") location.hash = hrefOf({ view: "requests", open: id });
  });

  return {
    show({ view, filters }) {
      form.hidden = view !== "requests";
      lookup.hidden = view !== "requests";
      if (view !== "requests") return;
      void loadCodes().then((codes) => {
        morph(
          byId("codes"),
          Object.keys(codes).map((code) => el("option", { value: code, "data-key": code })),
        );
      });
      // What is being typed stays, unless one has gone elsewhere.
      const now = hrefOf({ view, filters });
      if (shown === now) return;
      shown = now;
      for (const name of FILTER_NAMES) fieldOf(name).value = filters[name] ?? "";
    },
  };
}

/**
 * @param {string} name
 * @returns {HTMLInputElement | HTMLSelectElement}
 */
function fieldOf(name) {
  return byId(`filter-${name}`);
}
