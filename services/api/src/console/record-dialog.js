import { get } from "./api.js";
import { loadCodes } from "./codes.js";
import { byId, el } from "./elements.js";
import { refocus } from "./focus.js";
import { morph } from "./morph.js";
import { notice } from "./notice.js";
import { poll, REFRESH_MS } from "./poll.js";
import { recordNodes } from "./record.js";

/**
 * The record of one request, over the list that it was opened from.
 *
 * @param {() => void} onClosed a person has closed it
 * @returns {{ show(id: string | null): void, again(): void }}
 */
export function recordDialog(onClosed) {
  /** @type {HTMLDialogElement} */
  const dialog = byId("record");
  const body = byId("record-body");
  /** @type {string | null} */
  let shown = null;
  /** What is known of it by now. @type {import("./record.js").Draft | null} */
  let known = null;
  /** @type {ReturnType<typeof poll> | undefined} */
  let polling;

  const start = (/** @type {string} */ id) => {
    polling?.stop();
    polling = poll({
      async load(signal) {
        const [draft] = await Promise.all([get(`/v1/drafts/${encodeURIComponent(id)}`, signal), loadCodes()]);
        return /** @type {import("./record.js").Draft} */ (draft);
      },
      loaded(draft) {
        known = draft;
        byId("record-title").textContent = draft.subject || "(no subject)";
        morph(body, recordNodes(draft));
      },
      failed(failure, again) {
        morph(body, [notice(failure, again), ...(known === null ? [] : recordNodes(known))]);
      },
      everyMs: () => REFRESH_MS,
    });
  };

  dialog.addEventListener("close", () => {
    refocus();
    if (shown === null) return;
    polling?.stop();
    shown = null;
    onClosed();
  });
  byId("record-close").addEventListener("click", () => dialog.close());

  return {
    show(id) {
      if (id === shown) return;
      polling?.stop();
      shown = id;
      known = null;
      if (id === null) {
        dialog.close();
        return;
      }
      byId("record-title").textContent = "Request";
      morph(body, [el("p", { class: "loading", "data-key": "loading" }, "Loading the record…", el("progress"))]);
      body.scrollTop = 0;
      if (!dialog.open) dialog.showModal();
      start(id);
    },
    again() {
      if (shown !== null) start(shown);
    },
  };
}
