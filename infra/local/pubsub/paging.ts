import { invalid } from "./pubsub-error.ts";
import type { WireMessage } from "./wire-message.ts";

const MAX_PAGE = 1000;

/** One page of `items` in name order, and the `nextPageToken` if there is more: the last name shown. */
export function page<T>(request: WireMessage, items: readonly T[], nameOf: (item: T) => string) {
  const size = request.integer("pageSize");
  const after = request.string("pageToken");
  if (size < 0) throw invalid("pageSize must not be negative.");
  const sorted = items.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1)).filter((item) => nameOf(item) > after);
  const shown = sorted.slice(0, Math.min(size || MAX_PAGE, MAX_PAGE));
  const last = shown.at(-1);
  const more = shown.length < sorted.length && last !== undefined;
  return { shown, next: more ? { nextPageToken: nameOf(last) } : {} };
}
