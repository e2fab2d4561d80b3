import { announce } from "./announcer.js";
import { CallFailed, get, post } from "./api.js";
import { isOver, stepNodes, stepWords } from "./batch-steps.js";
import { byId } from "./elements.js";
import { refocus } from "./focus.js";
import { morph } from "./morph.js";
import { poll } from "./poll.js";
import { busyWhile } from "./screen.js";

/** @typedef {import("./batch-buttons.js").BatchOrder} BatchOrder */
/** @typedef {import("./batch-steps.js").Step} Step */

const WATCH_EVERY_MS = 2_000;
/** Between two words about progress to whoever listens. */
const SAY_EVERY_MS = 5_000;

/** @type {Readonly<Record<BatchOrder["action"], string>>} */
const TITLES = { pause: "Pause a batch", resume: "Resume a batch", cancel: "Cancel a batch", undo: "Undo a batch" };

/**
 * Carries out what is ordered of a batch. A pause and its end are done at once, and seen only when they are refused; for what cannot
 * be called back it says first what comes of it, waits until a person wants it, and watches until it has ended.
 *
 * @param {() => void} onChanged something was ordered, or has ended
 * @returns {{ open(order: BatchOrder): void, close(): void, again(): void }}
 */
export function batchDialog(onChanged) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("batch-order");
  const body = byId("batch-order-body");
  /** @type {BatchOrder} */
  let order = { id: "", action: "pause" };
  /** @type {Step} */
  let step = { kind: "looking" };
  /** Counts orders: an answer that comes for an earlier one is nobody's any more. */
  let opening = 0;
  /** @type {ReturnType<typeof poll> | undefined} */
  let watching;
  let saidAtMs = 0;

  const path = () => `/v1/batches/${encodeURIComponent(order.id)}`;

  /** @param {Step} next */
  const turnTo = (next) => {
    const isNew = next.kind !== step.kind || (next.kind === "ordered" && isOver(next.batch, order.action));
    step = next;
    morph(body, stepNodes(step, order.action));
    if (!isNew && Date.now() - saidAtMs < SAY_EVERY_MS) return;
    saidAtMs = Date.now();
    byId("batch-order-status").textContent = stepWords(step, order.action);
  };

  const look = async () => {
    const mine = opening;
    turnTo({ kind: "looking" });
    try {
      const batch = await get(path(), new AbortController().signal);
      if (mine !== opening) return;
      if (batch.name !== null) byId("batch-order-what").textContent = batch.name;
      turnTo({ kind: "asked", batch });
    } catch (error) {
      if (mine === opening) turnTo({ kind: "unseen", failure: failureOf(error) });
    }
  };

  const give = async () => {
    const mine = opening;
    const { action } = order;
    const batch = step.kind === "asked" || step.kind === "refused" ? step.batch : null;
    turnTo({ kind: "ordering", batch });
    if (dialog.open) body.focus();
    try {
      const ordered = await post(`${path()}/${action}`, {});
      onChanged();
      if (mine === opening) carriedOut(ordered);
    } catch (error) {
      const failure = failureOf(error);
      // Somebody else may have done what makes it impossible: the page is to show that.
      onChanged();
      if (mine !== opening) return;
      show();
      turnTo({ kind: "refused", batch, failure });
    }
  };

  /** @param {import("./batch-words.js").Batch} batch */
  const carriedOut = (batch) => {
    if (order.action === "cancel" || order.action === "undo") return watch(batch);
    dialog.close();
    announce(order.action === "pause" ? "The batch is paused." : "The batch goes on.");
  };

  /** @param {import("./batch-words.js").Batch} ordered */
  const watch = (ordered) => {
    const { action } = order;
    turnTo({ kind: "ordered", batch: ordered, failure: null });
    watching?.stop();
    watching = poll({
      load: (signal) => get(path(), signal),
      loaded(batch) {
        turnTo({ kind: "ordered", batch, failure: null });
        if (isOver(batch, action)) onChanged();
      },
      failed(failure) {
        if (step.kind === "ordered") turnTo({ ...step, failure });
      },
      everyMs: (batch) => (isOver(batch, action) ? Number.POSITIVE_INFINITY : WATCH_EVERY_MS),
    });
  };

  const show = () => {
    if (!dialog.open) dialog.showModal();
  };

  dialog.addEventListener("close", () => {
    // It is told of late: by then it may be open for the next one.
    if (dialog.open) return;
    opening += 1;
    watching?.stop();
    refocus();
  });
  byId("batch-order-close").addEventListener("click", () => dialog.close());
  body.addEventListener("click", ({ target }) => {
    const button = target instanceof Element ? target.closest("[data-step]") : null;
    switch (button?.getAttribute("data-step")) {
      case "look":
        return void look();
      case "order":
        return void give();
      default:
    }
  });

  return {
    open(wanted) {
      opening += 1;
      watching?.stop();
      saidAtMs = 0;
      order = wanted;
      byId("batch-order-title").textContent = TITLES[wanted.action];
      byId("batch-order-what").textContent = wanted.id;
      if (wanted.action === "pause" || wanted.action === "resume") return void busyWhile(give());
      show();
      void look();
    },
    close: () => dialog.close(),
    /** There is a token now: goes on where it had to wait for one. */
    again() {
      if (!dialog.open) return;
      if (step.kind === "unseen") void look();
      if (step.kind === "ordered") watching?.now();
    },
  };
}

/** @param {unknown} error */
function failureOf(error) {
  if (error instanceof CallFailed) return error;
  throw error;
}
