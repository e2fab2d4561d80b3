import { domainToASCII } from "node:url";
import { displayNameProblem, headerTextProblem } from "./text-rules.ts";

/** An address that may stand in a header: the domain in ASCII and lower case, the name free of control characters. */
export interface EmailAddress {
  readonly name: string;
  readonly address: string;
}

export type AddressResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly detail: string };

/** RFC 5321 4.5.3.1: 64 octets before the @, 254 in all that a path can carry. */
const LOCAL_MAX = 64;
const ADDRESS_MAX = 254;
/** RFC 5322 dot-atom in ASCII. Quoted local parts are refused: they exist to confuse parsers. */
const DOT_ATOM = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
/**
 * What `domainToASCII` leaves as it is: two such labels or more, of which the last begins with a letter, so that it is no number of an IPv4
 * address.
 */
const PLAIN_DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** `domainToASCII` stops at a slash, a hash or a question mark and decodes %61: it reads the host of a URL. */
const NOT_IN_DOMAIN = /[^a-z0-9.\u0080-\uffff-]/i;
const NAME_MAX = 200;

/** Reads a bare address, `ada@example.com`. An internationalised domain comes back in its ASCII form. */
export function parseBareAddress(text: string): AddressResult<string> {
  const problem = headerTextProblem(text);
  if (problem !== null) return { ok: false, detail: problem };
  const at = text.lastIndexOf("@");
  if (at < 1) return { ok: false, detail: "is not an address of the form name@domain" };
  const local = text.slice(0, at);
  if (local.length > LOCAL_MAX) return { ok: false, detail: `has more than ${LOCAL_MAX} characters before the @` };
  if (!DOT_ATOM.test(local)) return { ok: false, detail: "has characters before the @ that Gmail does not accept" };
  const given = text.slice(at + 1);
  const domain = domainOf(given);
  if (domain === null) return { ok: false, detail: "has no valid domain after the @" };
  const address = domain === given ? text : `${local}@${domain}`;
  if (address.length > ADDRESS_MAX) return { ok: false, detail: `is longer than ${ADDRESS_MAX} characters` };
  return { ok: true, value: address };
}

/** A label in Punycode is for `domainToASCII` to judge. */
function isPlain(domain: string): boolean {
  return PLAIN_DOMAIN.test(domain) && !domain.includes("xn--");
}

/** In ASCII; null if it is none. */
function domainOf(given: string): string | null {
  if (isPlain(given)) return given;
  const domain = NOT_IN_DOMAIN.test(given) ? "" : domainToASCII(given).toLowerCase();
  const labels = domain.split(".");
  if (labels.length < 2 || !labels.every((label) => LABEL.test(label)) || /^\d+$/.test(labels.at(-1) ?? ""))
    return null;
  return domain;
}

/** Reads one address with or without a name: `ada@example.com`, `Ada <ada@example.com>`, `"Doe, J." <j@example.com>`. */
export function parseEmailAddress(text: string): AddressResult<EmailAddress> {
  // Before trimming, which would take line breaks away unseen.
  const problem = headerTextProblem(text);
  if (problem !== null) return { ok: false, detail: problem };
  const trimmed = text.trim();
  const open = trimmed.lastIndexOf("<");
  if (open === -1) {
    const bare = parseBareAddress(trimmed);
    return bare.ok ? { ok: true, value: { name: "", address: bare.value } } : bare;
  }
  if (!trimmed.endsWith(">")) return { ok: false, detail: "has text after the closing >" };
  const bare = parseBareAddress(trimmed.slice(open + 1, -1));
  if (!bare.ok) return bare;
  const name = parseDisplayName(trimmed.slice(0, open).trim());
  return name.ok ? { ok: true, value: { name: name.value, address: bare.value } } : name;
}

function parseDisplayName(text: string): AddressResult<string> {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/s.exec(text);
  const name = quoted === null ? text : (quoted[1] ?? "").replace(/\\(.)/gs, "$1");
  const problem = displayNameProblem(name);
  if (problem !== null) return { ok: false, detail: `has a name that ${problem}` };
  if (quoted === null && /["<>()[\]\\,;:@]/.test(name)) {
    return {
      ok: false,
      detail: 'has a name with special characters: put it in double quotes, "Doe, J." <j@example.com>',
    };
  }
  if (name.length > NAME_MAX) return { ok: false, detail: `has a name longer than ${NAME_MAX} characters` };
  return { ok: true, value: name };
}

/** Splits `a@example.com, "Doe, J." <j@example.com>` at the commas that stand outside quotes and angle brackets. */
export function splitAddressList(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let angled = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted) {
      if (character === "\\") at += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === "<") angled = true;
    else if (character === ">") angled = false;
    else if (character === "," && !angled) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
