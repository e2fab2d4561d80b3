import type { DraftError } from "@draftmill/shared/errors.ts";
import { googleError } from "../google/google-error.ts";
import type { GoogleFailure } from "../google/google-failure.ts";

/** Why the worker has no token of its own. Getting one makes no draft, so none of these is in doubt. */
export function classifyCredentials(failure: GoogleFailure): DraftError {
  return googleError(codeOf(failure), failure, { applied: "no" });
}

function codeOf({ status }: GoogleFailure) {
  // The metadata server answers 404 for an account that is not attached.
  if (status === 404) return "CREDENTIALS_MISSING";
  if (status === null || status === 408 || status === 429 || status >= 500) return "CREDENTIALS_UNAVAILABLE";
  return "CREDENTIALS_REJECTED";
}
