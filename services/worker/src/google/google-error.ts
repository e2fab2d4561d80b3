import { ERROR_CODES, type ErrorCode } from "@draftmill/shared/error-codes.ts";
import { DraftError, type FailureDetails } from "@draftmill/shared/errors.ts";
import type { GoogleFailure } from "./google-failure.ts";

/**
 * The failure under a code of ours. Its reason is the code's title with Google's identifiers behind it, and it has no
 * cause: the client library's error holds the request.
 */
export function googleError(code: ErrorCode, failure: GoogleFailure, details: FailureDetails = {}): DraftError {
  const title = ERROR_CODES[code].title.replace(/\.$/, "");
  return new DraftError(code, { applied: failure.applied, reason: `${title} (${failure.reason})`, ...details });
}
