/** More than any deployment has of either. */
const ENTRIES_MAX = 10_000;

export const CALLER_ROLES = ["submit", "operate"] as const;

export const REQUESTS_PER_SECOND_DEFAULT = 10;

const ADDRESS_OR_DOMAIN = { type: "string", minLength: 3, maxLength: 254 } as const;

export const CALLER_ENTRY_SCHEMA = {
  title: "Caller",
  type: "object",
  additionalProperties: false,
  required: ["caller", "mailboxes", "role"],
  properties: {
    caller: {
      ...ADDRESS_OR_DOMAIN,
      description:
        "A verified address, or an @domain: every service account of it, and every account that a Workspace manages in it. Each caller stands once; an address goes before its @domain, which then says nothing of it.",
      examples: ["crm@my-project.iam.gserviceaccount.com"],
    },
    mailboxes: {
      type: "array",
      maxItems: ENTRIES_MAX,
      items: ADDRESS_OR_DOMAIN,
      description:
        "Addresses and @domains that it may make drafts in. MAILBOXES goes on top: both must allow a mailbox.",
    },
    role: {
      type: "string",
      enum: CALLER_ROLES,
      description:
        "submit: make drafts in these mailboxes and read what became of drafts there. operate: also read everything, and order replays.",
    },
    requestsPerSecond: {
      type: "number",
      minimum: 0.01,
      maximum: 10_000,
      default: REQUESTS_PER_SECOND_DEFAULT,
      description: "Calls a second, reading included: of one address and in one instance of the api.",
    },
    burst: {
      type: "integer",
      minimum: 1,
      maximum: 100_000,
      description: "Calls at once after a pause; requestsPerSecond, rounded up, unless given.",
    },
    draftsPerDay: {
      type: "integer",
      minimum: 1,
      maximum: 100_000_000,
      description: "New draft requests of one address in one day (UTC), over all instances; unlimited unless given.",
    },
  },
} as const;

/** JSON schema of CALLERS_FILE, served at GET /callers.schema.json. What it cannot say of addresses, `parseCallers` adds. */
export const CALLERS_SCHEMA = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  title: "Callers",
  description: "Who may call the api, for which mailboxes, and how much. Whoever is not in it is refused.",
  type: "object",
  additionalProperties: false,
  required: ["callers"],
  properties: {
    $schema: { type: "string", description: "For editors; the service does not read it." },
    callers: { type: "array", maxItems: ENTRIES_MAX, items: CALLER_ENTRY_SCHEMA },
  },
} as const;
