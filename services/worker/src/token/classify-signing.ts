import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import type { DraftError } from "@draftmill/shared/errors.ts";
import { googleError } from "../google/google-error.ts";
import type { GoogleFailure } from "../google/google-failure.ts";

/** Why signJwt refused. Signing makes no draft, so none of these is in doubt. */
export function classifySigning(failure: GoogleFailure): DraftError {
  const { consumerProject } = failure;
  return googleError(codeOf(failure), failure, {
    applied: "no",
    ...(consumerProject === null ? {} : { facts: { project: consumerProject } }),
  });
}

function codeOf({ status, reasons, structured }: GoogleFailure): ErrorCode {
  // A page that is not Google's JSON says nothing about signing, whatever its status.
  if (!structured) return "SIGNING_UNAVAILABLE";
  switch (status) {
    case 400:
      return "SIGNING_REJECTED";
    case 401:
      return "CREDENTIALS_REJECTED";
    case 403:
      if (reasons.includes("SERVICE_DISABLED")) return "IAM_API_DISABLED";
      if (reasons.includes("ACCESS_TOKEN_SCOPE_INSUFFICIENT")) return "CREDENTIALS_SCOPE_MISSING";
      if (reasons.includes("RATE_LIMIT_EXCEEDED")) return "SIGNING_UNAVAILABLE";
      return "SIGNING_DENIED";
    case 404:
      return "SIGNER_NOT_FOUND";
    default:
      return "SIGNING_UNAVAILABLE";
  }
}
