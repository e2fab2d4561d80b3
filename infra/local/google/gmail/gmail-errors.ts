import { type Answer, badRequest, envelope, errorInfo, errorPage } from "../answer.ts";
import type { Scene } from "../scene.ts";

/**
 * Gmail's refusals. Those of quota and concurrency are as captured from Gmail in September 2026; the others follow
 * https://developers.google.com/workspace/gmail/api/guides/handle-errors and bodies published in client libraries'
 * issue trackers.
 */
export const GMAIL_ERRORS = {
  missingCredentials: () =>
    envelope({
      status: 401,
      code: "UNAUTHENTICATED",
      message: `Request is missing required authentication credential. ${EXPECTED_TOKEN}`,
      reason: "required",
      shortMessage: "Login Required.",
      location: "Authorization",
      details: [errorInfo("CREDENTIALS_MISSING", "googleapis.com", { service: "gmail.googleapis.com" })],
    }),
  invalidCredentials: () =>
    envelope({
      status: 401,
      code: "UNAUTHENTICATED",
      message: `Request had invalid authentication credentials. ${EXPECTED_TOKEN}`,
      reason: "authError",
      shortMessage: "Invalid Credentials",
      location: "Authorization",
    }),
  insufficientScopes: () =>
    envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message: "Request had insufficient authentication scopes.",
      reason: "insufficientPermissions",
      shortMessage: "Insufficient Permission",
      details: [errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", { service: "gmail.googleapis.com" })],
    }),
  gmailApiDisabled: (scene: Scene) => {
    const url = `https://console.developers.google.com/apis/api/gmail.googleapis.com/overview?project=${scene.projectNumber}`;
    const message = `Gmail API has not been used in project ${scene.projectNumber} before or it is disabled. Enable it by visiting ${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`;
    return envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message,
      reason: "accessNotConfigured",
      domain: "usageLimits",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.Help",
          links: [{ description: "Google developers console API activation", url }],
        },
        errorInfo("SERVICE_DISABLED", "googleapis.com", {
          consumer: `projects/${scene.projectNumber}`,
          service: "gmail.googleapis.com",
        }),
      ],
    });
  },
  delegationDenied: (scene: Scene) =>
    envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message: `Delegation denied for ${scene.detail ?? scene.mailbox ?? "unknown"}`,
      reason: "forbidden",
    }),
  domainPolicy: () =>
    envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message: "The domain administrators have disabled Gmail apps.",
      reason: "domainPolicy",
    }),
  mailServiceNotEnabled: () =>
    envelope({
      status: 400,
      code: "FAILED_PRECONDITION",
      message: "Mail service not enabled",
      reason: "failedPrecondition",
    }),
  // A service account that acts as itself has no mailbox.
  preconditionFailed: () =>
    envelope({
      status: 400,
      code: "FAILED_PRECONDITION",
      message: "Precondition check failed.",
      reason: "failedPrecondition",
    }),
  quotaExceeded: (scene: Scene) => {
    const message = `Quota exceeded for quota metric 'Total Query Cost' and limit 'Units per minute per user' of service 'gmail.googleapis.com' for consumer 'project_number:${scene.projectNumber}'.`;
    return envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message,
      reason: "rateLimitExceeded",
      domain: "usageLimits",
      details: [
        errorInfo("RATE_LIMIT_EXCEEDED", "googleapis.com", {
          quota_limit_value: String(scene.unitsPerMinute),
          quota_limit: "totalQueryCostPerMinutePerUser",
          consumer: `projects/${scene.projectNumber}`,
          quota_metric: "gmail.googleapis.com/total_query_cost",
          window_start_time: String(Math.floor((scene.quotaWindowStartMs ?? scene.nowMs) / 1000)),
          quota_location: "global",
          service: "gmail.googleapis.com",
          quota_unit: "1/min/{project}/{user}",
        }),
        {
          "@type": "type.googleapis.com/google.rpc.Help",
          links: [
            {
              description: "Request a higher quota limit.",
              url: "https://cloud.google.com/docs/quotas/help/request_increase",
            },
          ],
        },
      ],
    });
  },
  userRateLimitExceeded: () =>
    envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message: "User Rate Limit Exceeded",
      reason: "userRateLimitExceeded",
      domain: "usageLimits",
    }),
  dailyLimitExceeded: () =>
    envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message: "Daily Limit Exceeded",
      reason: "dailyLimitExceeded",
      domain: "usageLimits",
    }),
  tooManyConcurrent: () =>
    envelope({
      status: 429,
      code: "RESOURCE_EXHAUSTED",
      message: "Too many concurrent requests for user.",
      reason: "rateLimitExceeded",
    }),
  // Two spaces, and the time only in the text: there is no Retry-After header.
  retryAfter: (scene: Scene) =>
    envelope({
      status: 429,
      code: "RESOURCE_EXHAUSTED",
      message: `User-rate limit exceeded.  Retry after ${new Date(scene.nowMs + (scene.retryAfterMs ?? 30_000)).toISOString()}`,
      reason: "rateLimitExceeded",
      domain: "usageLimits",
    }),
  resourceExhausted: () =>
    envelope({
      status: 429,
      code: "RESOURCE_EXHAUSTED",
      message: "Resource has been exhausted (e.g. check quota).",
      reason: "rateLimitExceeded",
    }),
  invalidHeader: (scene: Scene) =>
    envelope({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: `Invalid ${scene.detail ?? "To"} header`,
      reason: "invalidArgument",
    }),
  // For a script: which senders Gmail refuses is not known. An address that is none of the user's it replaces.
  invalidSender: () =>
    envelope({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: "Invalid From header",
      reason: "invalidArgument",
    }),
  // An id that does not read as one; a thread that is not there is `notFound`.
  invalidThreadId: () =>
    envelope({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: "Invalid thread_id value",
      reason: "invalidArgument",
    }),
  missingDraft: () =>
    envelope({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: "Missing draft message",
      reason: "invalidArgument",
    }),
  invalidArgument: (scene: Scene) =>
    envelope({
      status: 400,
      code: "INVALID_ARGUMENT",
      message: scene.detail ?? "Request contains an invalid argument.",
      reason: "invalidArgument",
    }),
  invalidPayload: (scene: Scene) => {
    const message = scene.detail ?? "Invalid JSON payload received.";
    return envelope({
      status: 400,
      code: "INVALID_ARGUMENT",
      message,
      reason: "badRequest",
      details: [badRequest(message)],
    });
  },
  notFound: () =>
    envelope({
      status: 404,
      code: "NOT_FOUND",
      message: "Requested entity was not found.",
      reason: "notFound",
    }),
  tooLarge: () => errorPage(413, "Request Entity Too Large", "Your client issued a request that was too large."),
  backendError: () => envelope({ status: 500, code: "INTERNAL", message: "Backend Error", reason: "backendError" }),
  badGateway: () =>
    errorPage(
      502,
      "Server Error",
      "The server encountered a temporary error and could not complete your request.<p>Please try again in 30 seconds.",
    ),
  unavailable: () =>
    envelope({
      status: 503,
      code: "UNAVAILABLE",
      message: "The service is currently unavailable.",
      reason: "backendError",
    }),
  gatewayTimeout: () =>
    envelope({ status: 504, code: "DEADLINE_EXCEEDED", message: "Deadline exceeded.", reason: "backendError" }),
  // Not Google's: what stands where Google would have sent the mail.
  sandboxNeverSends: (scene: Scene) =>
    envelope({
      status: 403,
      code: "PERMISSION_DENIED",
      message: `The sandbox never sends mail: ${scene.detail ?? "the call"} was refused and recorded as a violation.`,
      reason: "forbidden",
    }),
} as const satisfies Record<string, (scene: Scene) => Answer>;

const EXPECTED_TOKEN =
  "Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";
