import { CallFailed, get, post } from "./api.js";
import { byId } from "./elements.js";
import { refocus } from "./focus.js";
import { morph } from "./morph.js";
import { poll } from "./poll.js";
import { wordsOf } from "./replay-button.js";
import { stepNodes, stepWords } from "./replay-steps.js";

/** @typedef {import("./replay-button.js").ReplayFilter} ReplayFilter */
/** @typedef {import("./replay-steps.js").Step} Step */

const WATCH_EVERY_MS = 1_000;
/** Between two words about progress to whoever listens. */
const SAY_EVERY_MS = 5_000;

/**
 * Takes failed requests up again: counts first, orders when a person says so, then watches until it has ended.
 *
 * @param {() => void} onChanged something was ordered, stopped or has ended
 * @returns {{ open(filter: ReplayFilter): void, close(): void, again(): void }}
 */
export function replayDialog(onChanged) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("replay");
  const body = byId("replay-body");
  /** @type {ReplayFilter} */
  let filter = {};
  /** @type {Step} */
  let step = { kind: "counting" };
  /** Counts openings: an answer that comes for an earlier one is nobody's any more. */
  let opening = 0;
  /** @type {ReturnType<typeof poll> | undefined} */
  let watching;
  let saidAtMs = 0;

  /** @param {Step} next */
  const turnTo = (next) => {
    const isNew = next.kind !== step.kind || (next.kind === "ordered" && next.replay.status !== "running");
    step = next;
    const closesIncidents = filter.batch === undefined && (filter.state === undefined || filter.state === "parked");
    morph(body, stepNodes(step, closesIncidents));
    if (!isNew && Date.now() - saidAtMs < SAY_EVERY_MS) return;
    saidAtMs = Date.now();
    byId("replay-status").textContent = stepWords(step);
  };

  const count = async () => {
    const mine = opening;
    turnTo({ kind: "counting" });
    try {
      const estimate = await post("/v1/replays", { filter, dryRun: true });
      if (mine === opening) turnTo({ kind: "counted", estimate });
    } catch (error) {
      if (mine === opening) turnTo({ kind: "uncounted", failure: failureOf(error) });
    }
  };

  const order = async () => {
    if (step.kind !== "counted" && step.kind !== "unordered") return;
    const mine = opening;
    const { estimate } = step;
    turnTo({ kind: "ordering", estimate });
    body.focus();
    try {
      const replay = await post("/v1/replays", { filter });
      onChanged();
      if (mine === opening) watch(replay, estimate.requeueable);
    } catch (error) {
      if (mine === opening) turnTo({ kind: "unordered", estimate, failure: failureOf(error) });
    }
  };

  /**
   * @param {import("./replays.js").Replay} ordered
   * @param {number} expected
   */
  const watch = (ordered, expected) => {
    turnTo({ kind: "ordered", expected, replay: ordered, failure: null, isStopping: false });
    watching?.stop();
    watching = poll({
      load: (signal) => get(`/v1/replays/${encodeURIComponent(ordered.id)}`, signal),
      loaded(replay) {
        const hasEnded = replay.status !== "running";
        const isStopping = step.kind === "ordered" && step.isStopping;
        turnTo({ kind: "ordered", expected, replay, failure: null, isStopping });
        if (hasEnded) onChanged();
      },
      failed(failure) {
        if (step.kind === "ordered") turnTo({ ...step, failure });
      },
      everyMs: ({ status }) => (status === "running" ? WATCH_EVERY_MS : Number.POSITIVE_INFINITY),
    });
  };

  const stop = async () => {
    if (step.kind !== "ordered") return;
    const mine = opening;
    const { id } = step.replay;
    turnTo({ ...step, isStopping: true });
    body.focus();
    try {
      await post(`/v1/replays/${encodeURIComponent(id)}/cancel`, {});
      onChanged();
    } catch (error) {
      const failure = failureOf(error);
      if (mine !== opening || step.kind !== "ordered") return;
      // One that has ended meanwhile is told by the watch.
      turnTo({ ...step, isStopping: false, failure: failure.status === 409 ? null : failure });
    }
    if (mine === opening) watching?.now();
  };

  dialog.addEventListener("close", () => {
    // It is told of late: by then it may be open for the next one.
    if (dialog.open) return;
    opening += 1;
    watching?.stop();
    refocus();
  });
  byId("replay-close").addEventListener("click", () => dialog.close());
  body.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-step]") : null;
    switch (button?.getAttribute("data-step")) {
      case "recount":
        return void count();
      case "order":
        return void order();
      case "stop":
        return void stop();
      default:
    }
  });

  return {
    open(wanted) {
      opening += 1;
      watching?.stop();
      saidAtMs = 0;
      filter = wanted;
      byId("replay-what").textContent = wordsOf(wanted);
      dialog.showModal();
      void count();
    },
    close: () => dialog.close(),
    /** There is a token now: goes on where it had to wait for one. */
    again() {
      if (step.kind === "uncounted") void count();
      if (step.kind === "ordered") watching?.now();
    },
  };
}

/** @param {unknown} error */
function failureOf(error) {
  if (error instanceof CallFailed) return error;
  throw error;
}
