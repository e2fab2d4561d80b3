import { ENDPOINT_VARIABLES } from "@draftmill/shared/endpoints.ts";
import {
  asOneOf,
  asText,
  asWholeNumber,
  type Environment,
  EnvironmentError,
  type EnvOf,
  type EnvVar,
  readEnv,
} from "@draftmill/shared/env.ts";
import {
  type MailboxSettings,
  mailboxSettings,
  SERVICE_VARIABLES,
  serviceConflicts,
} from "@draftmill/shared/service-variables.ts";
import type { PushSubscriptions } from "./push/expect-subscription.ts";

/** Every variable of the worker. The README's table is tested against it. */
export const WORKER_VARIABLES = {
  ...SERVICE_VARIABLES,
  ...ENDPOINT_VARIABLES,
  GOOGLE_SERVICE_ACCOUNT_EMAIL: {
    parse: asText,
    fallback: undefined,
    meaning: "the delegated service account that signs; unset: the one the worker runs as",
  },
  GMAIL_SCOPE: {
    parse: asText,
    fallback: "https://www.googleapis.com/auth/gmail.compose",
    meaning: "scope of the delegation; https://mail.google.com/ for one granted to the old function",
  },
  GCE_METADATA_HOST: {
    parse: asText,
    fallback: undefined,
    meaning: "host:port of a metadata server other than Google's; the worker's own identity then comes from it alone",
  },
  DEAD_LETTER_TOPIC: {
    parse: asText,
    fallback: "draft-requests-dead-letter",
    meaning: "topic for requests that failed",
  },
  EVENTS_TOPIC: {
    parse: asText,
    fallback: undefined,
    meaning: "topic that hears what became of each request and batch; unset: nobody is told",
  },
  PUSH_AUTH_MODE: {
    parse: asOneOf("oidc", "none"),
    fallback: "oidc",
    meaning:
      "how a push proves where it comes from; none only with PUBSUB_EMULATOR_HOST, as Google's emulator sends no token",
  },
  PUSH_AUDIENCE: { parse: asText, fallback: undefined, meaning: "audience of the push token; required with oidc" },
  PUSH_SERVICE_ACCOUNT: {
    parse: asText,
    fallback: undefined,
    meaning: "service account that the push token names; required with oidc",
  },
  DRAFTS_SUBSCRIPTION: {
    parse: asSubscription,
    fallback: "draft-requests-push",
    meaning:
      "the only subscription that may push to /push, but for BATCH_SUBSCRIPTION: its name in GOOGLE_CLOUD_PROJECT, or projects/P/subscriptions/S",
  },
  BATCH_SUBSCRIPTION: {
    parse: asSubscription,
    fallback: undefined,
    meaning: "a second one that may, that of BATCH_TOPIC; required with it",
  },
  DEAD_LETTER_SUBSCRIPTION: {
    parse: asSubscription,
    fallback: "draft-requests-dead-letter-push",
    meaning: "the same for /dead-letters",
  },
  GOOGLE_TIMEOUT_MS: {
    parse: asWholeNumber(100, 600_000),
    fallback: 30_000,
    meaning: "longest call to Google; at most a sixth of CLAIM_LEASE_MS",
  },
} as const satisfies Record<string, EnvVar<unknown>>;

const NO_PUSH_IDENTITY =
  "PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT are required with PUSH_AUTH_MODE=oidc; see: gcloud pubsub subscriptions describe SUBSCRIPTION --format='value(pushConfig.oidcToken)'";

const NO_PROJECT =
  "GOOGLE_CLOUD_PROJECT is required, or DRAFTS_SUBSCRIPTION, DEAD_LETTER_SUBSCRIPTION and, if it is set, BATCH_SUBSCRIPTION as projects/P/subscriptions/S: a subscription of the same name in another project must not push";

const NO_BATCH_SUBSCRIPTION =
  "BATCH_SUBSCRIPTION is required with BATCH_TOPIC: the pushes of that topic would be refused; see: gcloud pubsub topics list-subscriptions TOPIC";

export type WorkerEnv = EnvOf<typeof WORKER_VARIABLES>;

export interface PushIdentity {
  readonly audience: string;
  readonly serviceAccount: string;
}

export interface WorkerConfig extends MailboxSettings {
  readonly env: WorkerEnv;
  /** `GOOGLE_CLOUD_PROJECT`, or else the one that the subscriptions' names tell. */
  readonly project: string;
  /** Null when pushes carry no token (Google's emulator). */
  readonly pushIdentity: PushIdentity | null;
  readonly subscriptions: PushSubscriptions;
}

/** Reads the worker's configuration. Throws `EnvironmentError` with everything that is wrong, also between variables. */
export function readWorkerConfig(environment: Environment): WorkerConfig {
  const env = readEnv(WORKER_VARIABLES, environment, findConflicts(environment));
  const subscriptions = subscriptionsOf(env);
  return {
    env,
    project: env.GOOGLE_CLOUD_PROJECT ?? projectOf(subscriptions.drafts),
    ...mailboxSettings(env),
    pushIdentity: pushIdentityOf(env),
    subscriptions,
  };
}

/** What no variable can tell alone. Reads the raw texts, so that it is told even when another value is unusable. */
function findConflicts(environment: Environment): string[] {
  const conflicts = serviceConflicts(environment);
  const given = (name: keyof typeof WORKER_VARIABLES): string | null => environment[name] || null;
  const timeoutMs = Number(given("GOOGLE_TIMEOUT_MS") ?? WORKER_VARIABLES.GOOGLE_TIMEOUT_MS.fallback);
  const leaseMs = Number(given("CLAIM_LEASE_MS") ?? WORKER_VARIABLES.CLAIM_LEASE_MS.fallback);
  if (timeoutMs * 6 > leaseMs) {
    conflicts.push(
      `GOOGLE_TIMEOUT_MS is ${timeoutMs} and may be at most a sixth of CLAIM_LEASE_MS (${leaseMs}): an answer could come after the next claim`,
    );
  }
  const isEmulated = given("PUBSUB_EMULATOR_HOST") !== null;
  const authMode = given("PUSH_AUTH_MODE") ?? WORKER_VARIABLES.PUSH_AUTH_MODE.fallback;
  if (authMode === "none" && !isEmulated) {
    conflicts.push("PUSH_AUTH_MODE is none without PUBSUB_EMULATOR_HOST: anybody could push; use oidc");
  }
  if (authMode === "oidc" && (given("PUSH_AUDIENCE") === null || given("PUSH_SERVICE_ACCOUNT") === null)) {
    conflicts.push(NO_PUSH_IDENTITY);
  }
  if (given("BATCH_TOPIC") !== null && given("BATCH_SUBSCRIPTION") === null) conflicts.push(NO_BATCH_SUBSCRIPTION);
  const ofBatches = given("BATCH_SUBSCRIPTION");
  const names = [given("DRAFTS_SUBSCRIPTION"), given("DEAD_LETTER_SUBSCRIPTION"), ...(ofBatches ? [ofBatches] : [])];
  if (given("GOOGLE_CLOUD_PROJECT") === null && !names.every((name) => name?.includes("/"))) conflicts.push(NO_PROJECT);
  return conflicts;
}

function subscriptionsOf(env: WorkerEnv): PushSubscriptions {
  const fullName = (name: string): string => {
    if (name.includes("/")) return name;
    if (env.GOOGLE_CLOUD_PROJECT === undefined) throw new EnvironmentError([NO_PROJECT]);
    return `projects/${env.GOOGLE_CLOUD_PROJECT}/subscriptions/${name}`;
  };
  const names = [env.DRAFTS_SUBSCRIPTION, ...(env.BATCH_SUBSCRIPTION === undefined ? [] : [env.BATCH_SUBSCRIPTION])];
  return { drafts: names.map(fullName), deadLetters: [fullName(env.DEAD_LETTER_SUBSCRIPTION)] };
}

function projectOf([subscription]: readonly string[]): string {
  return subscription?.split("/")[1] ?? "";
}

function pushIdentityOf({ PUSH_AUTH_MODE, PUSH_AUDIENCE, PUSH_SERVICE_ACCOUNT }: WorkerEnv): PushIdentity | null {
  if (PUSH_AUTH_MODE === "none") return null;
  // findConflicts has told it already; this keeps a slip there from letting every push in.
  if (PUSH_AUDIENCE === undefined || PUSH_SERVICE_ACCOUNT === undefined) throw new EnvironmentError([NO_PUSH_IDENTITY]);
  return { audience: PUSH_AUDIENCE, serviceAccount: PUSH_SERVICE_ACCOUNT };
}

/** How a subscription may be named: https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names */
function asSubscription(raw: string): string {
  if (!/^(?:projects\/[^/\s]{1,100}\/subscriptions\/)?[A-Za-z][\w.~+%-]{2,254}$/.test(raw))
    throw new Error(`must be a subscription's name or projects/P/subscriptions/S, and is ${JSON.stringify(raw)}`);
  return raw;
}
