import type { GoogleFailure } from "./google-failure.ts";

/** Gmail's longest waits are a matter of hours; a longer one is a misread clock. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

/**
 * How long Google asks to wait, from the `Retry-After` header or from Gmail's prose, the only place where Gmail says it
 * (https://developers.google.com/workspace/gmail/api/guides/handle-errors); the longer of the two. A lower bound.
 */
export function retryAfterMs({ retryAfter, message }: GoogleFailure, nowMs: number): number | undefined {
  const named = /retry after (\S+Z)/i.exec(message)?.[1];
  const waits = [headerMs(retryAfter, nowMs), named === undefined ? Number.NaN : Date.parse(named) - nowMs];
  const usable = waits.filter((ms) => Number.isFinite(ms) && ms >= 0 && ms <= LONGEST_MS);
  return usable.length === 0 ? undefined : Math.max(...usable);
}

/** RFC 9110 section 10.2.3: a number of seconds or an HTTP date. */
function headerMs(header: string | null, nowMs: number): number {
  if (header === null) return Number.NaN;
  return /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
}
