import type { Answer } from "./answer.ts";
import type { Scene } from "./scene.ts";

/**
 * The token endpoint's refusals: OAuth-shaped (RFC 6749 section 5.2), never Google's envelope. The wording up to
 * `failedAudience` was recorded from the live endpoint in September 2026; below it are the pairs that administrators'
 * tools match on when a delegated user cannot be used.
 */
export const TOKEN_ERRORS = {
  unsupportedGrantType: (scene: Scene) =>
    oauth(400, "unsupported_grant_type", `Invalid grant_type: ${scene.detail ?? ""}`),
  undecodableAssertion: () => oauth(400, "invalid_request", "Bad Request"),
  invalidSignature: () => oauth(400, "invalid_grant", "Invalid JWT Signature."),
  accountNotFound: () => oauth(400, "invalid_grant", "Invalid grant: account not found"),
  iatNotSet: () => oauth(400, "invalid_grant", "Invalid JWT: iat (issued at) is not set."),
  expNotSet: () => oauth(400, "invalid_grant", "Invalid JWT: exp (expiration time) is not set."),
  notShortLived: () =>
    oauth(
      400,
      "invalid_grant",
      "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
    ),
  emptyScope: () => oauth(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."),
  failedAudience: () => oauth(400, "invalid_grant", "Invalid JWT: Failed audience check."),
  unauthorizedClient: () =>
    oauth(
      401,
      "unauthorized_client",
      "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
    ),
  invalidSubject: () => oauth(400, "invalid_request", 'Invalid impersonation "sub" field.'),
  unknownUser: () => oauth(400, "invalid_grant", "Invalid email or User ID"),
  accountDeleted: () => oauth(400, "invalid_grant", "The account has been deleted"),
  accountRestricted: () => oauth(400, "access_denied", "Account restricted"),
  disabledClient: () => oauth(401, "disabled_client", "The OAuth client was disabled."),
  internalFailure: () => oauth(500, "internal_failure", "Backend Error"),
} as const satisfies Record<string, (scene: Scene) => Answer>;

function oauth(status: number, error: string, description: string): Answer {
  return { status, body: { error, error_description: description } };
}
