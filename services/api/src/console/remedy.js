import { el } from "./elements.js";

/** The Admin console's pages, as our own remedies name them. */
const ADMIN_PAGE = /(https:\/\/admin\.google\.com\/[\w/-]+)/;

/**
 * What to do next, with its links to the Admin console.
 *
 * @param {string} text
 */
export function remedy(text) {
  const parts = text.split(ADMIN_PAGE).map((part) => {
    if (!ADMIN_PAGE.test(part)) return part;
    return el("a", { href: part, target: "_blank", rel: "noreferrer noopener" }, part);
  });
  return el("p", { class: "remedy" }, el("strong", {}, "What to do: "), el("bdi", {}, parts));
}
