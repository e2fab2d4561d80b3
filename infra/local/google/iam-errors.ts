import { type Answer, errorInfo } from "./answer.ts";
import type { Scene } from "./scene.ts";

/** IAM Credentials' refusals. Their envelope is Gmail's without the older `errors[]`. */
export const IAM_ERRORS = {
  iamMissingCredentials: () =>
    modern(401, "UNAUTHENTICATED", `Request is missing required authentication credential. ${EXPECTED_TOKEN}`, [
      errorInfo("CREDENTIALS_MISSING", "googleapis.com", { service: "iamcredentials.googleapis.com" }),
    ]),
  iamInvalidCredentials: () =>
    modern(401, "UNAUTHENTICATED", `Request had invalid authentication credentials. ${EXPECTED_TOKEN}`, [
      errorInfo("ACCESS_TOKEN_TYPE_UNSUPPORTED", "googleapis.com", { service: "iamcredentials.googleapis.com" }),
    ]),
  iamInsufficientScopes: () =>
    modern(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", [
      errorInfo("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", { service: "iamcredentials.googleapis.com" }),
    ]),
  // Google says the same of an account that does not exist, so that a caller cannot probe for accounts.
  signJwtDenied: () =>
    modern(
      403,
      "PERMISSION_DENIED",
      "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist).",
      [errorInfo("IAM_PERMISSION_DENIED", "iam.googleapis.com", { permission: "iam.serviceAccounts.signJwt" })],
    ),
  iamApiDisabled: (scene: Scene) => {
    const url = `https://console.developers.google.com/apis/api/iamcredentials.googleapis.com/overview?project=${scene.projectNumber}`;
    return modern(
      403,
      "PERMISSION_DENIED",
      `IAM Service Account Credentials API has not been used in project ${scene.projectNumber} before or it is disabled. Enable it by visiting ${url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry.`,
      [
        errorInfo("SERVICE_DISABLED", "googleapis.com", {
          consumer: `projects/${scene.projectNumber}`,
          service: "iamcredentials.googleapis.com",
        }),
      ],
    );
  },
  iamInvalidArgument: (scene: Scene) =>
    modern(400, "INVALID_ARGUMENT", scene.detail ?? "Request contains an invalid argument."),
  iamResourceExhausted: () => modern(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
  iamUnavailable: () => modern(503, "UNAVAILABLE", "The service is currently unavailable."),
} as const satisfies Record<string, (scene: Scene) => Answer>;

const EXPECTED_TOKEN =
  "Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.";

function modern(status: number, code: string, message: string, details?: readonly object[]): Answer {
  return {
    status,
    body: { error: { code: status, message, status: code, ...(details === undefined ? {} : { details }) } },
  };
}
