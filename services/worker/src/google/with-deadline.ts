/** What a wait that was given up rejects with; `readGoogleFailure` takes it for a call without an answer. */
class DeadlineExceeded extends Error {
  readonly code = "DEADLINE_EXCEEDED";

  constructor() {
    super("the deadline was exceeded");
    this.name = "DeadlineExceeded";
  }
}

/** Stops waiting when the signal aborts, for work of libraries that take no signal. The work itself goes on unheard. */
export async function withDeadline<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const given = Promise.withResolvers<never>();
  const giveUp = (): void => given.reject(new DeadlineExceeded());
  signal.addEventListener("abort", giveUp, { once: true });
  if (signal.aborted) giveUp();
  try {
    return await Promise.race([work, given.promise]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
