import type { MailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import type { Identity } from "../auth/identity.ts";
import type { CALLER_ROLES } from "./callers-schema.ts";

export type CallerRole = (typeof CALLER_ROLES)[number];

/** What one entry of CALLERS_FILE grants. */
export interface CallerEntry {
  readonly role: CallerRole;
  readonly mailboxes: MailboxPolicy;
  readonly requestsPerSecond: number;
  readonly burst: number;
  /** Null: as many as it likes. */
  readonly draftsPerDay: number | null;
}

/** Who may call: entries by address and by domain, in lower case. Deny by default. */
export interface CallerPolicy {
  readonly addresses: ReadonlyMap<string, CallerEntry>;
  readonly domains: ReadonlyMap<string, CallerEntry>;
}

/**
 * The entry that goes for a caller: its address's, or else its domain's. An @domain stands for accounts that the domain's owner has
 * made, so a personal Google account with such an address has none.
 */
export function entryFor({ addresses, domains }: CallerPolicy, { email, ofItsDomain }: Identity): CallerEntry | null {
  const own = addresses.get(email);
  if (own !== undefined) return own;
  if (!ofItsDomain) return null;
  return domains.get(email.slice(email.lastIndexOf("@") + 1)) ?? null;
}
