import { batch } from "./batch.js";
import { batches } from "./batches.js";
import { failures } from "./failures.js";
import { incidents } from "./incidents.js";
import { overview } from "./overview.js";
import { replays } from "./replays.js";
import { requests } from "./requests.js";

/**
 * What can be looked at: loaded from the api, and made into nodes without a handler, so that a refresh can put them in the place of
 * the ones before.
 *
 * @template Data
 * @typedef {object} View
 * @property {string} title
 * @property {string} lede one sentence under the title; empty: none
 * @property {(place: import("./place.js").Place, signal: AbortSignal) => Promise<Data>} load throws CallFailed
 * @property {(data: Data, place: import("./place.js").Place) => readonly Node[]} render each with a data-key
 * @property {(data: Data) => number} everyMs after how long it is loaded again
 */

/** @type {Readonly<Record<import("./place.js").ViewName, View<any>>>} */
const VIEWS = { overview, failures, incidents, batches, requests, replays };

/**
 * What is to be looked at where one is.
 *
 * @param {import("./place.js").Place} place
 * @returns {View<any>}
 */
export function viewAt({ view, batch: id }) {
  return view === "batches" && id !== null ? batch : VIEWS[view];
}
