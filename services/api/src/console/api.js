import { tokenHeaders } from "./token.js";

/** As long as the api's own limits on a request and its ledger together. */
const ANSWER_WITHIN_MS = 45_000;
/** A pause that the api asks for is waited for here up to this; a longer one is told. */
const PATIENCE_MS = 10_000;
const TRIES_MAX = 6;
/** What is waited for when the api says 429 without saying how long. */
const PAUSE_MS = 5_000;

/** @typedef {{ readonly pointer: string, readonly code: string, readonly detail: string }} FieldProblem */

/**
 * A call that had no answer or another one than it wanted.
 */
export class CallFailed extends Error {
  /** @override */
  name = "CallFailed";
  /** 0 when there was no answer at all. */
  status = 0;
  /** The api's code; empty when the answer is not the api's. */
  code = "";
  title = "";
  detail = "";
  remedy = "";
  /** @type {readonly FieldProblem[]} */
  errors = [];
  /** As Retry-After says. @type {number | null} */
  retryAfterMs = null;

  /** @param {Partial<CallFailed>} facts */
  constructor(facts) {
    super(facts.code || `status ${facts.status ?? 0}`);
    Object.assign(this, facts);
  }
}

/** Until then this caller makes no call: the api has said 429. */
let pausedUntilMs = 0;

/**
 * The JSON that a route answers a GET with. Throws CallFailed, or whatever `signal` was aborted with. A pause of a few seconds that
 * the api asks for is waited for.
 *
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<any>} what the route's schema says
 */
export async function get(path, signal) {
  for (let tries = 1; ; tries += 1) {
    const pauseMs = pausedUntilMs - Date.now();
    if (pauseMs > PATIENCE_MS) throw paused(pauseMs);
    if (pauseMs > 0) await pause(pauseMs, signal);
    try {
      return await call(path, { method: "GET", signal });
    } catch (error) {
      const isShort = error instanceof CallFailed && error.status === 429 && (error.retryAfterMs ?? 0) <= PATIENCE_MS;
      if (!isShort || tries === TRIES_MAX) throw error;
    }
  }
}

/**
 * The JSON that a route answers a POST with. Nothing is ever sent a second time. Throws CallFailed; with status 0 it may have been
 * carried out all the same.
 *
 * @param {string} path
 * @param {object} body
 * @returns {Promise<any>} what the route's schema says
 */
export async function post(path, body) {
  const pauseMs = pausedUntilMs - Date.now();
  if (pauseMs > 0) throw paused(pauseMs);
  const headers = { "content-type": "application/json" };
  return call(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/**
 * @param {string} path
 * @param {RequestInit} init
 */
async function call(path, init) {
  const signals = [AbortSignal.timeout(ANSWER_WITHIN_MS), ...(init.signal ? [init.signal] : [])];
  let response;
  let answer;
  try {
    response = await fetch(path, {
      ...init,
      signal: AbortSignal.any(signals),
      headers: { accept: "application/json", ...init.headers, ...tokenHeaders() },
      cache: "no-store",
      // Only what stands in front of the api would lead elsewhere, to a page that this one cannot show.
      redirect: "error",
    });
    answer = await bodyOf(response);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    const detail = AbortSignal.any(signals).aborted ? `No answer within ${ANSWER_WITHIN_MS / 1000} s.` : "";
    throw new CallFailed({ status: 0, detail });
  }
  if (!response.ok) throw refused(response, answer);
  if (answer === null) throw new CallFailed({ status: 0, detail: "Something else answers in the api's place." });
  return answer;
}

/** @param {Response} response */
async function bodyOf(response) {
  const isJson = /^application\/(?:[\w.-]+\+)?json\b/.test(response.headers.get("content-type") ?? "");
  const text = await response.text();
  return isJson ? JSON.parse(text) : null;
}

/**
 * @param {Response} response
 * @param {any} answer a problem of ours, or of whatever stands in front
 */
function refused(response, answer) {
  const retryAfterMs = retryAfterOf(response.headers.get("retry-after"));
  if (response.status === 429) pausedUntilMs = Date.now() + (retryAfterMs ?? PAUSE_MS);
  const text = (/** @type {unknown} */ value) => (typeof value === "string" ? value : "");
  return new CallFailed({
    status: response.status,
    code: text(answer?.code),
    title: text(answer?.title),
    detail: text(answer?.detail),
    remedy: text(answer?.remedy),
    errors: Array.isArray(answer?.errors) ? answer.errors : [],
    retryAfterMs,
  });
}

/** @param {number} pauseMs */
function paused(pauseMs) {
  return new CallFailed({ status: 429, code: "REQUESTS_PER_SECOND_EXCEEDED", retryAfterMs: pauseMs });
}

/**
 * Seconds or a date (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after).
 *
 * @param {string | null} value
 */
function retryAfterOf(value) {
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, at - Date.now());
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(ms, signal) {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}
