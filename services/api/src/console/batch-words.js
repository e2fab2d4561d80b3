import { counted, number } from "./counted.js";
import { el } from "./elements.js";

/** @typedef {import("../batches/batch-view.ts").BatchView} Batch */
/** @typedef {import("../batches/batch-view.ts").BatchSummaryView} BatchSummary */

/** What a batch's requests are told to do. @type {Readonly<Record<Batch["control"], { meaning: string, tone: string }>>} */
const CONTROLS = {
  open: { meaning: "its requests become drafts", tone: "open" },
  paused: { meaning: "its requests are set aside until it is resumed", tone: "waits" },
  canceled: { meaning: "what is no draft yet becomes none", tone: "over" },
};

/** @type {Readonly<Record<Batch["status"], { meaning: string, tone: string }>>} */
const STATUSES = {
  incomplete: { meaning: "the queue has not confirmed all of it", tone: "bad" },
  running: { meaning: "its requests become drafts", tone: "open" },
  paused: CONTROLS.paused,
  canceled: CONTROLS.canceled,
  finished: { meaning: "each of its requests has ended", tone: "good" },
};

/** @param {Batch["control"]} control */
export function controlTag(control) {
  const { meaning, tone } = CONTROLS[control] ?? { meaning: "", tone: "over" };
  return el("span", { class: `tag tag-${tone}`, title: meaning }, control);
}

/**
 * A status as its word, in its colour, and what it means beside it.
 *
 * @param {Batch["status"]} status
 */
export function statusWords(status) {
  const { meaning, tone } = STATUSES[status] ?? { meaning: "", tone: "over" };
  return [el("span", { class: `tag tag-${tone}` }, status), el("span", { class: "muted" }, ` ${meaning}`)];
}

/**
 * How many requests there are, and how many of them are still to end. More may say that they are of a batch than it was handed in with.
 *
 * @param {Pick<Batch, "counts">} batch
 */
export function sumsOf({ counts }) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return { all, left: counts.queued + counts.processing + counts.parked };
}

/**
 * What taking back has come to.
 *
 * @param {NonNullable<Batch["undo"]>} undo
 */
export function undoWords({ deleted, keptEdited, gone, finishedAt }) {
  if (finishedAt === null) return `Under way: ${counted(deleted, "draft")} deleted so far.`;
  const kept = `${number(keptEdited)} kept because somebody has worked on ${keptEdited === 1 ? "it" : "them"}`;
  return `Done: ${counted(deleted, "draft")} deleted, ${kept}, ${number(gone)} gone before (sent or thrown away).`;
}

const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;

/**
 * "less than a minute", "about 90 min", "about 5 h", "about 3 d": never less than there is.
 *
 * @param {number} seconds
 */
export function timeLeft(seconds) {
  if (seconds < MINUTE_S) return "less than a minute";
  if (seconds < 2 * HOUR_S) return `about ${Math.ceil(seconds / MINUTE_S)} min`;
  if (seconds < 2 * DAY_S) return `about ${Math.ceil(seconds / HOUR_S)} h`;
  return `about ${Math.ceil(seconds / DAY_S)} d`;
}
