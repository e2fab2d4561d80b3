import { DraftError } from "../errors.ts";
import { type AddressResult, parseBareAddress } from "./email-address.ts";

/** Which mailboxes may be impersonated: whole addresses and whole domains, in lower case. Deny by default. */
export interface MailboxPolicy {
  readonly addresses: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
}

/** Reads an address or an @domain; comes back in lower case, the domain in ASCII. */
export function parseAddressOrDomain(entry: string): AddressResult<string> {
  const isDomain = entry.startsWith("@");
  const parsed = parseBareAddress(isDomain ? `any${entry}` : entry);
  if (!parsed.ok) return parsed;
  return { ok: true, value: isDomain ? parsed.value.slice("any".length) : parsed.value.toLowerCase() };
}

/** A policy of entries as {@link parseAddressOrDomain} gives them. */
export function mailboxPolicyOf(entries: readonly string[]): MailboxPolicy {
  const isDomain = (entry: string): boolean => entry.startsWith("@");
  return {
    addresses: new Set(entries.filter((entry) => !isDomain(entry))),
    domains: new Set(entries.filter(isDomain).map((entry) => entry.slice(1))),
  };
}

/** Reads `rep@corp.example, @team.example`. Throws with the entry that is neither an address nor an @domain. */
export function parseMailboxPolicy(text: string): MailboxPolicy {
  const entries = text.split(/[\s,]+/).filter((part) => part !== "");
  const policy = mailboxPolicyOf(
    entries.map((entry) => {
      const parsed = parseAddressOrDomain(entry);
      if (!parsed.ok) throw new Error(`lists ${JSON.stringify(entry)}, which is neither an address nor an @domain`);
      return parsed.value;
    }),
  );
  if (policy.addresses.size + policy.domains.size === 0) throw new Error("lists no mailbox");
  return policy;
}

/** Whether a mailbox (in lower case, as `parseDraftRequest` gives it) may be impersonated. */
export function mayImpersonate(policy: MailboxPolicy, mailbox: string): boolean {
  if (policy.addresses.has(mailbox)) return true;
  const at = mailbox.lastIndexOf("@");
  return at > 0 && policy.domains.has(mailbox.slice(at + 1));
}

/** The refusal of a request whose mailbox may not be impersonated; which one it is, its caller knows. */
export function mailboxNotAllowed(): DraftError {
  const detail = "mailbox is not one that the service makes drafts in";
  return new DraftError("MAILBOX_NOT_ALLOWED", { fields: [{ pointer: "/mailbox", code: "notAllowed", detail }] });
}
