import type { Clock } from "@draftmill/shared/clock.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { type GoogleFailure, readGoogleFailure } from "./google-failure.ts";

/** `metadata.token` is the worker's own token, wherever it comes from. */
export type GoogleOperation =
  | "metadata.token"
  | "signJwt"
  | "signer.keys"
  | "token"
  | "drafts.create"
  | "drafts.list"
  | "drafts.get"
  | "drafts.delete"
  | "getProfile";

/** One call to Google, as it may be logged: nothing in it comes from a body, a token or a mail. */
export interface GoogleCall {
  readonly operation: GoogleOperation;
  /** HTTP status; null when no answer came. */
  readonly status: number | null;
  readonly durationMs: number;
  /** Google's own words for the failure, as identifiers ("rateLimitExceeded"), or the network's code; null on success. */
  readonly reason: string | null;
  /** The user acted for; null for calls that the worker makes as itself. */
  readonly mailbox: string | null;
}

export type OnGoogleCall = (call: GoogleCall) => void;

/** What every call needs beside its own parameters. */
export interface CallContext {
  readonly clock: Clock;
  readonly onCall: OnGoogleCall;
}

interface CallDescription {
  readonly operation: GoogleOperation;
  readonly mailbox: string | null;
  /** Turns the failure into the error that is thrown in its place. */
  classify(failure: GoogleFailure): DraftError | Promise<DraftError>;
}

/**
 * Makes one call and reports it. Whatever the client library throws ends here: callers see a `DraftError` without a
 * cause, because the library's errors carry the request, and with it the mail or the assertion.
 */
export async function callGoogle<Answer extends { readonly status: number }>(
  description: CallDescription,
  { clock, onCall }: CallContext,
  call: () => Promise<Answer>,
): Promise<Answer> {
  const { operation, mailbox } = description;
  const startedMs = clock.monotonicMs();
  const report = (status: number | null, reason: string | null): void =>
    onCall({ operation, mailbox, status, reason, durationMs: clock.monotonicMs() - startedMs });
  let answer: Answer;
  try {
    answer = await call();
  } catch (error) {
    const own = draftErrorIn(error);
    if (own !== null) throw own;
    const failure = readGoogleFailure(error);
    report(failure.status, failure.reason);
    throw await description.classify(failure);
  }
  report(answer.status, null);
  return answer;
}

/** Our own error, which the client library may have wrapped on its way out of a callback. */
function draftErrorIn(error: unknown): DraftError | null {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof DraftError) return at;
  return null;
}
