import type { IdTokenClaims } from "@draftmill/shared/id-token-claims.ts";

/** Who calls: an accepted address in lower case, or null when the mode asks nobody. */
export type Caller = string | null;

/** The account that an accepted token names. */
export interface Identity {
  readonly email: string;
  /**
   * Whether the owner of the address's domain has made the account: a Workspace, or Google itself for a service account. A personal
   * Google account may be opened with any address at which its owner once received a mail.
   */
  readonly ofItsDomain: boolean;
}

/** Domains in which Google alone makes accounts (https://cloud.google.com/iam/docs/service-account-types). */
const SERVICE_ACCOUNT_DOMAIN = /\.gserviceaccount\.com$/;

export function identityOf({ email, hostedDomain }: IdTokenClaims): Identity {
  const address = email.toLowerCase();
  return { email: address, ofItsDomain: hostedDomain !== null || SERVICE_ACCOUNT_DOMAIN.test(address) };
}
