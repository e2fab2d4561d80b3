import { counted, number } from "./counted.js";
import { el, foreign } from "./elements.js";
import { notice } from "./notice.js";
import { hrefOf } from "./place.js";
import { skippedList, sumOf } from "./skipped.js";

/** @typedef {import("../replay-estimate.ts").ReplayEstimate} Estimate */
/** @typedef {import("./replays.js").Replay} Replay */
/** @typedef {import("./api.js").CallFailed} CallFailed */

/**
 * How far a replay has got in its dialog.
 *
 * @typedef {{ readonly kind: "counting" }
 *   | { readonly kind: "uncounted", readonly failure: CallFailed }
 *   | { readonly kind: "counted", readonly estimate: Estimate }
 *   | { readonly kind: "ordering", readonly estimate: Estimate }
 *   | { readonly kind: "unordered", readonly estimate: Estimate, readonly failure: CallFailed }
 *   | { readonly kind: "ordered", readonly expected: number, readonly replay: Replay, readonly failure: CallFailed | null, readonly isStopping: boolean }
 * } Step
 */

/**
 * @param {Step} step
 * @param {boolean} closesIncidents whether the order says that something is mended
 * @returns {readonly Node[]}
 */
export function stepNodes(step, closesIncidents) {
  switch (step.kind) {
    case "counting":
      return [waiting("Counting what it would take up…")];
    case "uncounted":
      return [notice(step.failure), button("recount", "Count again")];
    case "counted":
      return [...estimateNodes(step.estimate, closesIncidents), ...orderButton(step.estimate)];
    case "ordering":
      return [...estimateNodes(step.estimate, closesIncidents), waiting("Ordering it…")];
    case "unordered":
      return [notice(step.failure), ...(step.failure.status === 0 ? [unsure()] : orderButton(step.estimate))];
    case "ordered":
      return orderedNodes(step);
    default:
      return step;
  }
}

/**
 * What is to be said of a step to whoever does not see it.
 *
 * @param {Step} step
 */
export function stepWords(step) {
  switch (step.kind) {
    case "counting":
      return "Counting what it would take up.";
    case "counted":
      return estimateWords(step.estimate);
    case "ordering":
      return "Ordering it.";
    case "uncounted":
    case "unordered":
      return "That did not work.";
    case "ordered":
      return orderedWords(step.replay, step.expected);
    default:
      return step;
  }
}

/** @param {Estimate} estimate */
function estimateWords({ requeueable, skipped, truncated }) {
  const least = truncated ? "At least " : "";
  const left = sumOf(skipped) === 0 ? "" : ` ${counted(sumOf(skipped), "request")} would be left.`;
  return `${least}${counted(requeueable, "request")} would be taken up.${left}`;
}

/**
 * @param {Estimate} estimate
 * @param {boolean} closesIncidents
 */
function estimateNodes(estimate, closesIncidents) {
  const { skipped, byCode, truncated, requeueable } = estimate;
  const codes = Object.entries(byCode);
  return [
    el("p", { class: "estimate", "data-key": "estimate" }, estimateWords(estimate)),
    truncated && el("p", { class: "hint", "data-key": "truncated" }, "There are more than were looked at."),
    skippedList(skipped),
    codes.length > 1 &&
      el(
        "ul",
        { class: "reasons", "data-key": "codes" },
        codes.map(([code, count]) => el("li", {}, el("code", {}, foreign(code)), ` ${number(count)}`)),
      ),
    closesIncidents &&
      requeueable > 0 &&
      el(
        "p",
        { class: "muted", "data-key": "incidents" },
        "Ordering it says that the cause is mended: the open incidents that it is about are closed. What still fails comes back.",
      ),
  ].filter((node) => node instanceof Node);
}

/** @param {Estimate} estimate */
function orderButton({ requeueable }) {
  if (requeueable === 0) return [];
  return [button("order", `Take up ${counted(requeueable, "request")}`, "primary")];
}

/** @param {Extract<Step, { kind: "ordered" }>} step */
function orderedNodes({ replay, expected, failure, isStopping }) {
  const { status, requeued, skipped } = replay;
  const gone = requeued + sumOf(skipped);
  const isRunning = status === "running";
  return [
    failure !== null && notice(failure),
    el("p", { class: "estimate", "data-key": "progress-words" }, orderedWords(replay, expected)),
    isRunning &&
      el("progress", {
        "data-key": "progress",
        "aria-label": "Requests gone through",
        max: Math.max(expected, gone, 1),
        value: gone,
      }),
    skippedList(skipped),
    isRunning && el("p", { class: "muted", "data-key": "goes-on" }, "It goes on at the server when this is closed."),
    isRunning && (isStopping ? waiting("Stopping it…") : button("stop", "Stop it")),
    el("p", { "data-key": "link" }, el("a", { href: hrefOf({ view: "replays" }) }, "All replays")),
  ].filter((node) => node instanceof Node);
}

/**
 * @param {Replay} replay
 * @param {number} expected
 */
function orderedWords({ status, requeued }, expected) {
  const done = `${counted(requeued, "request")} taken up`;
  switch (status) {
    case "running":
      return `Running: ${number(requeued)} of about ${number(Math.max(requeued, expected))} taken up.`;
    case "done":
      return `Done: ${done}.`;
    case "canceled":
      return `Stopped: ${done}. They stay taken up.`;
    default:
      return status;
  }
}

function unsure() {
  return el(
    "p",
    { class: "hint", "data-key": "unsure" },
    "Nobody knows whether the order has arrived. Look before you give it again: ",
    el("a", { href: hrefOf({ view: "replays" }) }, "All replays"),
  );
}

/** @param {string} text */
function waiting(text) {
  return el("p", { class: "loading", "data-key": "waiting" }, text, el("progress", { "aria-label": text }));
}

/**
 * @param {string} step
 * @param {string} label
 * @param {string} [name]
 */
function button(step, label, name) {
  const attributes = { type: "button", class: name, "data-step": step, "data-key": step };
  return el("p", { class: "actions", "data-key": `${step}-line` }, el("button", attributes, label));
}
