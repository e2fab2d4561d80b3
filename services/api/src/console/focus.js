import { byId } from "./elements.js";

/**
 * After a dialog has closed: gives the focus to its surroundings when what should have it back is gone, so that nobody has to begin
 * at the top of the page.
 */
export function refocus() {
  const { activeElement } = document;
  // What has it in a dialog that is closed loses it with the next frame.
  if (activeElement !== document.body && activeElement?.closest("dialog:not([open])") === null) return;
  const [dialog] = [...document.querySelectorAll("dialog[open] [tabindex]")].slice(-1);
  const next = dialog instanceof HTMLElement ? dialog : byId("content");
  next.focus({ preventScroll: true });
}
