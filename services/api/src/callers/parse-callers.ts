import { mailboxPolicyOf, parseAddressOrDomain } from "@draftmill/shared/contract/mailbox-policy.ts";
import { compileOwn } from "@draftmill/shared/contract/own-schema.ts";
import { PROBLEMS_MAX, schemaProblems } from "@draftmill/shared/contract/schema-problems.ts";
import type { FieldProblem } from "@draftmill/shared/errors.ts";
import type { CallerEntry, CallerPolicy, CallerRole } from "./caller-policy.ts";
import { CALLER_ENTRY_SCHEMA, CALLERS_SCHEMA, REQUESTS_PER_SECOND_DEFAULT } from "./callers-schema.ts";

export type ParsedCallers =
  | { readonly ok: true; readonly policy: CallerPolicy }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

interface CallersBody {
  readonly callers: readonly CallerBody[];
}

interface CallerBody {
  readonly caller: string;
  readonly mailboxes: readonly string[];
  readonly role: CallerRole;
  readonly requestsPerSecond?: number;
  readonly burst?: number;
  readonly draftsPerDay?: number;
}

const fits = compileOwn<CallersBody>(CALLERS_SCHEMA, { allErrors: true });
const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads CALLERS_FILE. Never throws; tells every fault with a JSON pointer, and repeats no value: it may be an address. */
export function parseCallers(bytes: Uint8Array): ParsedCallers {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(bytes));
  } catch (error) {
    // The parser's own words quote the file.
    const [place = ""] = /\(line \d+ column \d+\)/.exec(String(error)) ?? [];
    return { ok: false, problems: [{ pointer: "", code: "json", detail: `is not JSON in UTF-8 ${place}`.trimEnd() }] };
  }
  const problems = addressProblems(value);
  if (fits(value) && problems.length === 0) return { ok: true, policy: policyOf(value) };
  const all = [...schemaProblems(fits.errors, fieldsAt, "the file"), ...problems];
  return { ok: false, problems: all.slice(0, PROBLEMS_MAX) };
}

function fieldsAt(pointer: string): readonly string[] {
  return Object.keys((pointer === "" ? CALLERS_SCHEMA : CALLER_ENTRY_SCHEMA).properties);
}

/** What the schema cannot say of the addresses, also of those in a file with other faults. */
function addressProblems(value: unknown): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const seen = new Map<string, string>();
  const read = (pointer: string, text: unknown): string | null => {
    // Of another type or length: the schema's problem.
    if (typeof text !== "string" || text.length < 3) return null;
    const parsed = parseAddressOrDomain(text);
    if (parsed.ok) return parsed.value;
    problems.push({ pointer, code: "address", detail: `${parsed.detail}; expected is name@domain or @domain` });
    return null;
  };
  for (const [index, entry] of listOf(value, "callers").entries()) {
    const pointer = `/callers/${index}`;
    const caller = read(`${pointer}/caller`, Object(entry).caller);
    const earlier = caller === null ? undefined : seen.get(caller);
    if (earlier !== undefined) {
      problems.push({ pointer: `${pointer}/caller`, code: "duplicate", detail: `is the same caller as ${earlier}` });
    } else if (caller !== null) {
      seen.set(caller, `${pointer}/caller`);
    }
    for (const [at, mailbox] of listOf(entry, "mailboxes").entries()) read(`${pointer}/mailboxes/${at}`, mailbox);
  }
  return problems;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list: unknown = Object(value)[name];
  return Array.isArray(list) ? list : [];
}

function policyOf({ callers }: CallersBody): CallerPolicy {
  const addresses = new Map<string, CallerEntry>();
  const domains = new Map<string, CallerEntry>();
  for (const body of callers) {
    const caller = canonical(body.caller);
    if (caller.startsWith("@")) domains.set(caller.slice(1), entryOf(body));
    else addresses.set(caller, entryOf(body));
  }
  return { addresses, domains };
}

function entryOf(body: CallerBody): CallerEntry {
  const { role, requestsPerSecond = REQUESTS_PER_SECOND_DEFAULT, draftsPerDay = null } = body;
  const { burst = Math.ceil(requestsPerSecond) } = body;
  const mailboxes = mailboxPolicyOf(body.mailboxes.map(canonical));
  return { role, mailboxes, requestsPerSecond, burst, draftsPerDay };
}

/** In lower case, the domain in ASCII. Whatever is no address has been told before. */
function canonical(text: string): string {
  const parsed = parseAddressOrDomain(text);
  if (!parsed.ok) throw new Error(`an entry ${parsed.detail}`);
  return parsed.value;
}
