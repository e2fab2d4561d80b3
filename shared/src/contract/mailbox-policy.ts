import { parseBareAddress } from "./email-address.ts";

/** Which mailboxes may be impersonated: whole addresses and whole domains, in lower case. Deny by default. */
export interface MailboxPolicy {
  readonly addresses: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
}

/** Reads `rep@corp.example, @team.example`. Throws with the entry that is neither an address nor an @domain. */
export function parseMailboxPolicy(text: string): MailboxPolicy {
  const addresses = new Set<string>();
  const domains = new Set<string>();
  for (const entry of text.split(/[\s,]+/).filter((part) => part !== "")) {
    const isDomain = entry.startsWith("@");
    const parsed = parseBareAddress(isDomain ? `any${entry}` : entry);
    if (!parsed.ok) throw new Error(`lists ${JSON.stringify(entry)}, which is neither an address nor an @domain`);
    if (isDomain) domains.add(parsed.value.slice("any@".length));
    else addresses.add(parsed.value.toLowerCase());
  }
  if (addresses.size + domains.size === 0) throw new Error("lists no mailbox");
  return { addresses, domains };
}

/** Whether a mailbox (in lower case, as `parseDraftRequest` gives it) may be impersonated. */
export function mayImpersonate(policy: MailboxPolicy, mailbox: string): boolean {
  if (policy.addresses.has(mailbox)) return true;
  const at = mailbox.lastIndexOf("@");
  return at > 0 && policy.domains.has(mailbox.slice(at + 1));
}
