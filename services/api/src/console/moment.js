import { el } from "./elements.js";

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const WHOLE = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });

/**
 * A moment in the reader's own time, with the whole of it where the pointer rests.
 *
 * @param {string} iso
 */
export function moment(iso) {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  return el("time", { datetime: iso, title: WHOLE.format(time) }, (isToday ? CLOCK : DAY).format(time));
}

/**
 * @param {string} iso
 */
export function wholeMoment(iso) {
  return el("time", { datetime: iso, title: iso }, WHOLE.format(new Date(iso)));
}

/**
 * @param {Date} time
 */
export function clockTime(time) {
  return CLOCK.format(time);
}

const UNITS = /** @type {const} */ ([
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
]);

/**
 * "40 s", "12 min", "3 h", "2 d": the largest unit that it fills.
 *
 * @param {number} ms
 */
export function duration(ms) {
  for (const [unit, unitMs] of UNITS) if (ms >= unitMs) return `${Math.floor(ms / unitMs)} ${unit}`;
  return `${Math.max(0, Math.round(ms / 1000))} s`;
}
