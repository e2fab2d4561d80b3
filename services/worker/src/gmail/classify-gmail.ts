import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import type { DraftError, FailureDetails, FieldProblem } from "@draftmill/shared/errors.ts";
import { googleError } from "../google/google-error.ts";
import type { GoogleFailure } from "../google/google-failure.ts";
import { retryAfterMs } from "../google/retry-after.ts";

/**
 * `errors[].reason` and `details[].reason` decide before the status does: a spent quota is a 403 with the status
 * PERMISSION_DENIED (https://developers.google.com/workspace/gmail/api/guides/handle-errors).
 */
const BY_REASON: ReadonlyMap<string, ErrorCode> = new Map([
  ["rateLimitExceeded", "GMAIL_THROTTLED"],
  ["userRateLimitExceeded", "GMAIL_THROTTLED"],
  ["quotaExceeded", "GMAIL_THROTTLED"],
  ["sharingRateLimitExceeded", "GMAIL_THROTTLED"],
  ["RATE_LIMIT_EXCEEDED", "GMAIL_THROTTLED"],
  ["dailyLimitExceeded", "GMAIL_DAILY_LIMIT"],
  ["authError", "GMAIL_UNAUTHENTICATED"],
  ["insufficientPermissions", "SCOPE_NOT_GRANTED"],
  ["ACCESS_TOKEN_SCOPE_INSUFFICIENT", "SCOPE_NOT_GRANTED"],
  ["accessNotConfigured", "GMAIL_API_DISABLED"],
  ["SERVICE_DISABLED", "GMAIL_API_DISABLED"],
  ["domainPolicy", "DOMAIN_POLICY"],
  ["backendError", "GMAIL_UNAVAILABLE"],
  ["internalError", "GMAIL_UNAVAILABLE"],
  ["badGateway", "GMAIL_UNAVAILABLE"],
  ["gatewayTimeout", "GMAIL_UNAVAILABLE"],
  ["serviceNotAvailable", "GMAIL_UNAVAILABLE"],
  ["transientError", "GMAIL_UNAVAILABLE"],
]);

/** Why Gmail made no draft, or did not say that it made one. What has no row is tried again. */
export function classifyGmail(failure: GoogleFailure, nowMs: number): DraftError {
  const code = failure.status === null ? unanswered(failure) : codeOf(failure);
  const waitMs = retryAfterMs(failure, nowMs);
  const details: FailureDetails = {
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    ...(failure.consumerProject === null ? {} : { facts: { project: failure.consumerProject } }),
    fields: fieldsAtFault(code, failure),
  };
  return googleError(code, failure, details);
}

function unanswered({ applied }: GoogleFailure): ErrorCode {
  return applied === "no" ? "GMAIL_UNREACHABLE" : "GMAIL_UNAVAILABLE";
}

function codeOf(failure: GoogleFailure): ErrorCode {
  // It comes with the reason and the status of a spent quota; only the prose tells them apart.
  if (failure.status === 429 && /too many concurrent requests/i.test(failure.message)) return "GMAIL_CONCURRENCY";
  for (const reason of failure.reasons) {
    const code = BY_REASON.get(reason);
    if (code !== undefined) return code;
  }
  switch (failure.status) {
    case 400:
      return badRequest(failure);
    case 401:
      return "GMAIL_UNAUTHENTICATED";
    case 403:
      return forbidden(failure);
    case 404:
      // An HTML page means a wrong path, that is a wrong GMAIL_ENDPOINT, not a wrong request.
      return failure.structured ? "THREAD_NOT_FOUND" : "GMAIL_UNAVAILABLE";
    case 413:
      return "DRAFT_TOO_LARGE";
    case 429:
      return "GMAIL_THROTTLED";
    default:
      return "GMAIL_UNAVAILABLE";
  }
}

/** Gmail gives these no reason of their own; its prose is all there is to tell them apart. */
function badRequest(failure: GoogleFailure): ErrorCode {
  const { structured, reasons, rpcStatus, message } = failure;
  // The front end answers so, in HTML, when a JSON body is too large for it.
  if (!structured) return "DRAFT_TOO_LARGE";
  if (reasons.includes("failedPrecondition") || rpcStatus === "FAILED_PRECONDITION") {
    return /mail service not enabled/i.test(message) ? "GMAIL_OFF" : "GMAIL_PRECONDITION";
  }
  const field = refusedField(failure);
  if (field === "from") return "SENDER_REJECTED";
  if (field !== null || /recipient address required/i.test(message)) return "RECIPIENT_REJECTED";
  return /invalid thread_id value/i.test(message) ? "THREAD_NOT_FOUND" : "DRAFT_REJECTED";
}

function forbidden({ structured, message }: GoogleFailure): ErrorCode {
  // Not Gmail's own answer: a proxy or a front end that may think better of it.
  if (!structured) return "GMAIL_UNAVAILABLE";
  return /^delegation denied for /i.test(message) ? "DELEGATION_DENIED" : "GMAIL_FORBIDDEN";
}

/** "Invalid to header", in newer answers "Invalid To header". */
function refusedField({ message }: GoogleFailure): string | null {
  return /^invalid (to|cc|bcc|from) header/i.exec(message)?.[1]?.toLowerCase() ?? null;
}

function fieldsAtFault(code: ErrorCode, failure: GoogleFailure): readonly FieldProblem[] {
  const field = refusedField(failure);
  if (code === "THREAD_NOT_FOUND") {
    return [{ pointer: "/threadId", code: "notFound", detail: "Gmail finds no such thread in this mailbox" }];
  }
  return field === null || (code !== "RECIPIENT_REJECTED" && code !== "SENDER_REJECTED")
    ? []
    : [{ pointer: `/${field}`, code: "address", detail: `Gmail refuses an address in ${field}` }];
}
