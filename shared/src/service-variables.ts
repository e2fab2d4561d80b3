import { parseBareAddress } from "./contract/email-address.ts";
import { type MailboxPolicy, parseMailboxPolicy } from "./contract/mailbox-policy.ts";
import { asOneOf, asOrigin, asText, asWholeNumber, type Environment, type EnvOf, type EnvVar } from "./env.ts";
import { LOG_LEVELS } from "./log.ts";

/** The variables that both services read. */
export const SERVICE_VARIABLES = {
  PORT: { parse: asWholeNumber(0, 65_535), fallback: 8080, meaning: "port to listen on; 0 takes a free one" },
  HOST: { parse: asText, fallback: "0.0.0.0", meaning: "address to listen on" },
  LOG_LEVEL: {
    parse: asOneOf(...LOG_LEVELS),
    fallback: "info",
    meaning: `least severity to log: ${LOG_LEVELS.join(", ")}`,
  },
  GOOGLE_CLOUD_PROJECT: {
    parse: asText,
    fallback: undefined,
    meaning: "project id; unset, the api asks the metadata server, and the worker needs its subscriptions' full names",
  },
  GMAIL_USER: { parse: asMailbox, fallback: undefined, meaning: "the mailbox of requests that name none" },
  MAILBOXES: {
    parse: parseMailboxPolicy,
    fallback: undefined,
    meaning: "addresses and @domains that may be drafted for, comma-separated; unset: GMAIL_USER alone",
  },
  LEDGER_URL: {
    parse: asLedgerUrl,
    fallback: "sqlite:./data/ledger.db",
    meaning: "where the state of each request is kept: sqlite:PATH, firestore: or firestore:DATABASE",
  },
  PUBSUB_EMULATOR_HOST: { parse: asText, fallback: undefined, meaning: "host:port of a Pub/Sub other than Google's" },
  FIRESTORE_EMULATOR_HOST: {
    parse: asText,
    fallback: undefined,
    meaning: "host:port of Google's Firestore emulator, called without credentials",
  },
  FIRESTORE_ENDPOINT: {
    parse: asOrigin,
    fallback: "https://firestore.googleapis.com",
    meaning: "origin of the Cloud Firestore API",
  },
  GOOGLE_TRANSPORT: {
    parse: asOneOf("pool", "fetch"),
    fallback: "pool",
    meaning:
      "what carries the calls to Gmail, to its tokens, to Firestore and to the metadata server: pool, or fetch for Node's own client",
  },
  DRAFTS_TOPIC: { parse: asText, fallback: "draft-requests", meaning: "topic that requests are published to" },
  BATCH_TOPIC: {
    parse: asText,
    fallback: undefined,
    meaning:
      "topic for the requests of batches, files and replays, so that none that comes alone waits behind them; unset: DRAFTS_TOPIC",
  },
  ORDERING_SHARDS: {
    parse: asWholeNumber(0, 1_000),
    fallback: 16,
    meaning: "ordering keys per mailbox, which bound its requests in flight; 0 publishes without keys",
  },
  PUBLISH_BY: {
    parse: asOneOf("groups", "library"),
    fallback: "groups",
    meaning:
      "how messages share publishes: groups, all that come while one is under way, or library for the client library's batches",
  },
  GMAIL_UNITS_PER_MINUTE: {
    parse: asWholeNumber(60, 1_000_000),
    fallback: 6_000,
    meaning: "Gmail's quota of one user, as the Cloud console shows it for the project",
  },
  CLAIM_LEASE_MS: {
    parse: asWholeNumber(600, 3_600_000),
    fallback: 180_000,
    meaning: "how long a claim keeps others off; the create may leave in its first third",
  },
  REPLAY_LEASE_MS: {
    parse: asWholeNumber(1_000, 3_600_000),
    fallback: 60_000,
    meaning: "after how long without a sign of life a replay is taken up by another process",
  },
} as const satisfies Record<string, EnvVar<unknown>>;

/** What goes for the mailboxes of either service. */
export interface MailboxSettings {
  readonly mailboxes: MailboxPolicy;
  readonly defaultMailbox: string | null;
}

/** `MAILBOXES`, or else `GMAIL_USER` alone. One of them is there once `serviceConflicts` has found nothing. */
export function mailboxSettings(env: EnvOf<typeof SERVICE_VARIABLES>): MailboxSettings {
  return {
    mailboxes: env.MAILBOXES ?? parseMailboxPolicy(env.GMAIL_USER ?? ""),
    defaultMailbox: env.GMAIL_USER ?? null,
  };
}

/** What none of these variables can tell alone. From the raw texts, so that it is told beside any unusable value. */
export function serviceConflicts(environment: Environment): string[] {
  const isSet = (name: keyof typeof SERVICE_VARIABLES): boolean => Boolean(environment[name]);
  const conflicts: string[] = [];
  if (!isSet("GMAIL_USER") && !isSet("MAILBOXES")) {
    conflicts.push("GMAIL_USER or MAILBOXES is required: without either no mailbox may be drafted for");
  }
  for (const emulator of ["PUBSUB_EMULATOR_HOST", "FIRESTORE_EMULATOR_HOST"] as const) {
    if (isSet(emulator) && !isSet("GOOGLE_CLOUD_PROJECT")) {
      conflicts.push(`GOOGLE_CLOUD_PROJECT is required with ${emulator}: an emulator names no project`);
    }
  }
  return conflicts;
}

/** How a database may be named: https://cloud.google.com/firestore/docs/manage-databases#database_id */
function asLedgerUrl(raw: string): string {
  if (!/^(?:sqlite:.|firestore:(?:[a-z][a-z0-9-]{2,61}[a-z0-9]|\(default\))?$)/.test(raw))
    throw new Error(`must be sqlite:PATH, firestore: or firestore:DATABASE, and is ${JSON.stringify(raw)}`);
  return asText(raw);
}

function asMailbox(raw: string): string {
  const parsed = parseBareAddress(raw);
  if (!parsed.ok) throw new Error(parsed.detail);
  return parsed.value.toLowerCase();
}
