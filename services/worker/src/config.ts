import { type MailboxPolicy, parseMailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
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
import { SERVICE_VARIABLES } from "@draftmill/shared/service-variables.ts";

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
  DEAD_LETTER_TOPIC: {
    parse: asText,
    fallback: "draft-requests-dead-letter",
    meaning: "topic for requests that failed",
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
  CLAIM_LEASE_MS: {
    parse: asWholeNumber(600, 3_600_000),
    fallback: 180_000,
    meaning: "how long a claim keeps others off; the create may leave in its first third",
  },
  GOOGLE_TIMEOUT_MS: {
    parse: asWholeNumber(100, 600_000),
    fallback: 30_000,
    meaning: "longest call to Google; at most a sixth of CLAIM_LEASE_MS",
  },
} as const satisfies Record<string, EnvVar<unknown>>;

export type WorkerEnv = EnvOf<typeof WORKER_VARIABLES>;

export interface PushIdentity {
  readonly audience: string;
  readonly serviceAccount: string;
}

export interface WorkerConfig {
  readonly env: WorkerEnv;
  readonly mailboxes: MailboxPolicy;
  readonly defaultMailbox: string | null;
  /** Null when pushes carry no token (Google's emulator). */
  readonly pushIdentity: PushIdentity | null;
}

/** Reads the worker's configuration. Throws `EnvironmentError` with everything that is wrong, also between variables. */
export function readWorkerConfig(environment: Environment): WorkerConfig {
  const env = readEnv(WORKER_VARIABLES, environment);
  const problems: string[] = [];
  if (env.GMAIL_USER === undefined && env.MAILBOXES === undefined) {
    problems.push("GMAIL_USER or MAILBOXES is required: without either no mailbox may be drafted for");
  }
  if (env.GOOGLE_TIMEOUT_MS * 6 > env.CLAIM_LEASE_MS) {
    problems.push(
      `GOOGLE_TIMEOUT_MS is ${env.GOOGLE_TIMEOUT_MS} and may be at most a sixth of CLAIM_LEASE_MS (${env.CLAIM_LEASE_MS}): an answer could come after the next claim`,
    );
  }
  const pushIdentity = readPushIdentity(env, problems);
  if (problems.length > 0) throw new EnvironmentError(problems);
  return {
    env,
    mailboxes: env.MAILBOXES ?? parseMailboxPolicy(env.GMAIL_USER ?? ""),
    defaultMailbox: env.GMAIL_USER ?? null,
    pushIdentity,
  };
}

function readPushIdentity(env: WorkerEnv, problems: string[]): PushIdentity | null {
  if (env.PUSH_AUTH_MODE === "none") {
    if (env.PUBSUB_EMULATOR_HOST === undefined) {
      problems.push("PUSH_AUTH_MODE is none without PUBSUB_EMULATOR_HOST: anybody could push; use oidc");
    }
    return null;
  }
  if (env.PUSH_AUDIENCE === undefined || env.PUSH_SERVICE_ACCOUNT === undefined) {
    problems.push(
      "PUSH_AUDIENCE and PUSH_SERVICE_ACCOUNT are required with PUSH_AUTH_MODE=oidc; see: gcloud pubsub subscriptions describe SUBSCRIPTION --format='value(pushConfig.oidcToken)'",
    );
    return null;
  }
  return { audience: env.PUSH_AUDIENCE, serviceAccount: env.PUSH_SERVICE_ACCOUNT };
}
