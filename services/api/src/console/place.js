export const VIEW_NAMES = /** @type {const} */ ([
  "overview",
  "failures",
  "incidents",
  "batches",
  "requests",
  "replays",
]);
export const FILTER_NAMES = /** @type {const} */ (["state", "mailbox", "code", "batch"]);

/** @typedef {(typeof VIEW_NAMES)[number]} ViewName */
/** @typedef {Readonly<Partial<Record<(typeof FILTER_NAMES)[number], string>>>} Filters */

/**
 * Where in the console one is. It is in the URL's hash, so that it can be shared, marked and gone back to; the hash is never sent
 * to a server.
 *
 * @typedef {object} Place
 * @property {ViewName} view
 * @property {string | null} batch id of the batch that is looked at; null for all of them, and in every other view
 * @property {Filters} filters of the requests that are listed
 * @property {string | null} cursor of the page that is shown; null is the first
 * @property {string | null} open id of the request whose record is open
 */

/** @type {Place} */
export const HOME = { view: "overview", batch: null, filters: {}, cursor: null, open: null };

/**
 * Reads a hash, whoever wrote it: what there is no place for is left out.
 *
 * @param {string} hash
 * @returns {Place}
 */
export function parsePlace(hash) {
  const [, name = "", item = "", query = ""] = /^#\/([a-z]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(hash) ?? [];
  const view = VIEW_NAMES.find((known) => known === name);
  if (view === undefined) return HOME;
  const parameters = new URLSearchParams(query);
  const given = FILTER_NAMES.map((filter) => [filter, parameters.get(filter) ?? ""]).filter(
    ([, value]) => value !== "",
  );
  return {
    view,
    batch: view === "batches" ? decoded(item) : null,
    filters: view === "requests" ? Object.fromEntries(given) : {},
    cursor: parameters.get("cursor") || null,
    open: parameters.get("open") || null,
  };
}

/**
 * A part of a hash; null when it holds nothing, or what nobody has encoded.
 *
 * @param {string} part
 */
function decoded(part) {
  try {
    return decodeURIComponent(part) || null;
  } catch {
    return null;
  }
}

/**
 * The hash of a place; of what is not given, that of the view's beginning.
 *
 * @param {Partial<Place> & Pick<Place, "view">} place
 */
export function hrefOf({ view, batch = null, filters = {}, cursor = null, open = null }) {
  const parameters = new URLSearchParams();
  for (const name of FILTER_NAMES) if (filters[name]) parameters.set(name, filters[name]);
  if (cursor !== null) parameters.set("cursor", cursor);
  if (open !== null) parameters.set("open", open);
  const query = parameters.toString();
  // A producer names its batch as it likes; half of a surrogate pair is no text, and could not be encoded.
  const item = batch === null ? "" : `/${encodeURIComponent(batch.toWellFormed())}`;
  return `#/${view}${item}${query === "" ? "" : `?${query}`}`;
}

/**
 * Whether both show the same list, whatever record is open over it.
 *
 * @param {Place} one
 * @param {Place} other
 */
export function isSameList(one, other) {
  return hrefOf({ ...one, open: null }) === hrefOf({ ...other, open: null });
}
