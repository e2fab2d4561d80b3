import type { DraftError } from "@draftmill/shared/errors.ts";
import { googleError } from "../google/google-error.ts";
import type { GoogleFailure } from "../google/google-failure.ts";

/** Why the worker has no token of its own. Getting one makes no draft, so none of these is in doubt. */
export function classifyCredentials(failure: GoogleFailure): DraftError {
  return googleError(codeOf(failure), failure, { applied: "no" });
}

/** Why no kind of credentials was found: because there is none, unless the search itself was cut off. */
export function classifySearch(failure: GoogleFailure): DraftError {
  const cutOff = failure.status === null ? CUT_OFF.test(failure.reason) : codeOf(failure) === "CREDENTIALS_UNAVAILABLE";
  return googleError(cutOff ? "CREDENTIALS_UNAVAILABLE" : "CREDENTIALS_MISSING", failure, { applied: "no" });
}

/** Codes of a network or a deadline; a search that ends in any other (ENOENT, or none) has looked everywhere. */
const CUT_OFF = /^(ECONN|EHOST|ENET|EAI_|ENOTFOUND|ETIMEDOUT|UND_ERR_|TimeoutError|AbortError|DEADLINE_)/;

function codeOf({ status }: GoogleFailure) {
  // The metadata server answers 404 for an account that is not attached.
  if (status === 404) return "CREDENTIALS_MISSING";
  if (status === null || status === 408 || status === 429 || status >= 500) return "CREDENTIALS_UNAVAILABLE";
  return "CREDENTIALS_REJECTED";
}
