import { el } from "./elements.js";

/** @typedef {import("@draftmill/shared/contract/draft-record.ts").DraftState} DraftState */

/** Every state, in the order of a request's life. @type {Readonly<Record<DraftState, { meaning: string, tone: string }>>} */
export const STATES = {
  queued: { meaning: "accepted, waiting for its turn", tone: "open" },
  processing: { meaning: "being worked on", tone: "open" },
  created: { meaning: "the draft exists", tone: "good" },
  failed: { meaning: "the request itself cannot succeed", tone: "bad" },
  parked: { meaning: "an administrator must act first", tone: "waits" },
  dead: { meaning: "Pub/Sub gave up", tone: "bad" },
  canceled: { meaning: "withdrawn", tone: "over" },
};

/** @type {readonly DraftState[]} */
export const FAILURE_STATES = ["failed", "parked", "dead"];

/**
 * A state as its word, in its colour. One of a later version of the api is a word without.
 *
 * @param {string} state
 */
export function stateTag(state) {
  const { tone, meaning } = Object.hasOwn(STATES, state)
    ? STATES[/** @type {DraftState} */ (state)]
    : { tone: "over", meaning: "" };
  return el("span", { class: `tag tag-${tone}`, title: meaning }, state);
}
