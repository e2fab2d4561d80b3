import { counted } from "./counted.js";
import { el } from "./elements.js";

/** @typedef {import("@draftmill/shared/replay/replay-row.ts").SkipReason} SkipReason */

/** @type {Readonly<Record<SkipReason, string>>} */
const REASONS = {
  "no-body": "their content is not on record: have them sent again",
  "cannot-succeed": "the same content would fail again: it has to be changed and sent again",
  moved: "they are no failures any more",
  limit: "the replay was for fewer",
};

/**
 * @param {Readonly<Record<string, number>>} skipped counts by reason
 */
export function sumOf(skipped) {
  return Object.values(skipped).reduce((sum, count) => sum + count, 0);
}

/**
 * Why requests are left as they are, one line for each reason; nothing when none is.
 *
 * @param {Readonly<Record<string, number>>} skipped
 */
export function skippedList(skipped) {
  const reasons = Object.entries(skipped);
  if (reasons.length === 0) return null;
  return el(
    "ul",
    { class: "reasons", "data-key": "skipped" },
    reasons.map(([reason, count]) => {
      const why = Object.hasOwn(REASONS, reason) ? REASONS[/** @type {SkipReason} */ (reason)] : reason;
      return el("li", {}, `${counted(count, "request")} left: ${why} `, el("code", {}, reason));
    }),
  );
}
