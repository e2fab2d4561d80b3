/**
 * Runs `work` with a signal that aborts after `timeoutMs`, or together with `outer`. Unlike AbortSignal.timeout, which
 * keeps alive what listens to it until its time has come, this lets go of everything as soon as the work has ended.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  outer: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abortToo = (): void => controller.abort(outer?.reason);
  const timer = setTimeout(
    () => controller.abort(new DOMException("the deadline has passed", "TimeoutError")),
    timeoutMs,
  );
  outer?.addEventListener("abort", abortToo, { once: true });
  if (outer?.aborted) abortToo();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener("abort", abortToo);
  }
}

/** Stops waiting for `work` when the signal aborts, and rejects with its reason. The work itself goes on unheard. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const giveUp = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
