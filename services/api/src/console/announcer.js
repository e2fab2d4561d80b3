import { byId } from "./elements.js";

/**
 * Says something to whoever listens to the page, once, when they have a moment. What is open as a dialog has its own.
 *
 * @param {string} text
 */
export function announce(text) {
  byId("announcer").textContent = text;
}
