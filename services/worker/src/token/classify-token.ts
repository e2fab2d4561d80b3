import type { ErrorCode } from "@draftmill/shared/error-codes.ts";
import type { DraftError } from "@draftmill/shared/errors.ts";
import { googleError } from "../google/google-error.ts";
import type { GoogleFailure } from "../google/google-failure.ts";

interface TokenRow {
  /** The OAuth `error` (RFC 6749 section 5.2). */
  readonly error: string;
  /** How `error_description` begins: the one field that tells these apart. Without it the row takes any. */
  readonly description?: string;
  readonly code: ErrorCode;
}

/**
 * The token endpoint's refusals; the first row that fits decides. Its `error` alone does not tell a wrong user from a
 * wrong signature: both are `invalid_grant`.
 */
export const TOKEN_ROWS: readonly TokenRow[] = [
  { error: "unauthorized_client", code: "DELEGATION_MISSING" },
  { error: "access_denied", description: "Requested client not authorized", code: "DELEGATION_MISSING" },
  { error: "access_denied", code: "ACCESS_BLOCKED" },
  { error: "admin_policy_enforced", code: "ACCESS_BLOCKED" },
  { error: "invalid_scope", code: "SCOPE_NOT_GRANTED" },
  { error: "disabled_client", code: "CLIENT_DISABLED" },
  { error: "deleted_client", code: "CLIENT_DISABLED" },
  { error: "invalid_client", code: "CLIENT_DISABLED" },
  { error: "invalid_grant", description: "Invalid email or User ID", code: "MAILBOX_UNKNOWN" },
  { error: "invalid_grant", description: "Not a valid email", code: "MAILBOX_UNKNOWN" },
  { error: "invalid_grant", description: "The account has been deleted", code: "MAILBOX_UNKNOWN" },
  // Said of the user (a `sub` that cannot be used), where a broken assertion is an invalid_request.
  { error: "invalid_grant", description: "Bad Request", code: "MAILBOX_UNKNOWN" },
  { error: "invalid_request", description: "Invalid impersonation", code: "MAILBOX_UNKNOWN" },
  { error: "invalid_grant", description: "Invalid grant: account not found", code: "SIGNER_NOT_FOUND" },
  // Of this machine's clock alone: another instance, or this one later, gets its token.
  { error: "invalid_grant", description: "Invalid JWT: Token must be a short-lived token", code: "CLOCK_SKEWED" },
  { error: "invalid_grant", description: "Invalid JWT", code: "ASSERTION_REJECTED" },
  { error: "invalid_request", code: "ASSERTION_REJECTED" },
];

/** Why there is no token for the mailbox. Asking for one makes no draft, so none of these is in doubt. */
export function classifyToken(failure: GoogleFailure): DraftError {
  const row = failure.status === null || failure.status >= 500 ? undefined : rowOf(failure);
  if (row === undefined) return googleError("TOKEN_ENDPOINT_UNAVAILABLE", failure, { applied: "no" });
  // Only what the table says is repeated: a description could name the user.
  const said = row.description === undefined ? "" : `: ${row.description}`;
  return googleError(row.code, { ...failure, reason: `${failure.reason}${said}` }, { applied: "no" });
}

function rowOf({ reasons, message }: GoogleFailure): TokenRow | undefined {
  return TOKEN_ROWS.find(
    ({ error, description = "" }) =>
      reasons.includes(error) && message.toLowerCase().startsWith(description.toLowerCase()),
  );
}
