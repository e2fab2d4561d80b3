import { CallFailed } from "./api.js";

/** How often a view is loaded again. */
export const REFRESH_MS = 5_000;
const BACKOFF_MS = 2_000;
const BACKOFF_MAX_MS = 30_000;
/** A pause is at least so many times as long as the answer took: what is hard to answer is asked for more seldom. */
const PAUSE_TIMES = 4;
/** For an answer that stays what it is until a person does something: another filter, another role. */
const SETTLED_MS = 30_000;

/**
 * @template Data
 * @typedef {object} Polled
 * @property {(signal: AbortSignal) => Promise<Data>} load
 * @property {(data: Data) => void} loaded
 * @property {(failure: CallFailed, againAt: Date | null) => void} failed null: not by itself, it waits for a token
 * @property {(data: Data) => number} everyMs how long after an answer it asks again; Infinity: never
 */

/**
 * Asks at once, and then again and again: only while the page is seen, one call at a time, ever more rarely while it fails, and
 * never before the time that an answer names.
 *
 * @template Data
 * @param {Polled<Data>} polled
 * @returns {{ now(): void, stop(): void }} `now` asks without waiting any longer
 */
export function poll({ load, loaded, failed, everyMs }) {
  const stopping = new AbortController();
  const { signal } = stopping;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let isAsking = false;
  let isDue = false;
  let failures = 0;

  const askIn = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    // Longer ones than this overflow, and end at once.
    if (ms <= 2 ** 31 - 1) timer = setTimeout(ask, ms);
  };

  const ask = async () => {
    clearTimeout(timer);
    isDue = isAsking || document.hidden;
    if (isDue || signal.aborted) return;
    isAsking = true;
    const startedMs = performance.now();
    try {
      const data = await load(signal);
      if (signal.aborted) return;
      failures = 0;
      askIn(Math.max(everyMs(data), PAUSE_TIMES * (performance.now() - startedMs)));
      loaded(data);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CallFailed)) throw error;
      failures += 1;
      const waitMs = waitAfter(error, failures);
      if (waitMs !== null) askIn(waitMs);
      failed(error, waitMs === null ? null : new Date(Date.now() + waitMs));
    } finally {
      isAsking = false;
      if (isDue) void ask();
    }
  };

  const seen = () => {
    if (isDue && !document.hidden) void ask();
  };
  document.addEventListener("visibilitychange", seen, { signal });
  window.addEventListener("online", () => failures > 0 && void ask(), { signal });
  void ask();
  return {
    now: () => void ask(),
    stop() {
      clearTimeout(timer);
      stopping.abort();
    },
  };
}

/**
 * @param {CallFailed} failure
 * @param {number} failures in a row
 * @returns {number | null}
 */
function waitAfter({ status, retryAfterMs }, failures) {
  if (status === 401) return null;
  const backoffMs = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (failures - 1));
  if (retryAfterMs !== null) return Math.max(retryAfterMs, backoffMs);
  return status >= 400 && status < 500 ? SETTLED_MS : backoffMs;
}
