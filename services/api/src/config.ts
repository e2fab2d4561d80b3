import { type MailboxPolicy, parseMailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import {
  asFlag,
  asOneOf,
  asText,
  asWholeNumber,
  type Environment,
  EnvironmentError,
  type EnvOf,
  type EnvVar,
  isLoopback,
  readEnv,
} from "@draftmill/shared/env.ts";
import { SERVICE_VARIABLES } from "@draftmill/shared/service-variables.ts";
import { AUTH_MODES, type AuthMode } from "./auth.ts";

/** Every variable of the api. The README's table is tested against it. */
export const API_VARIABLES = {
  ...SERVICE_VARIABLES,
  DRAFTS_TOPIC: { parse: asText, fallback: "draft-requests", meaning: "topic that requests are published to" },
  ORDERING_SHARDS: {
    parse: asWholeNumber(0, 1_000),
    fallback: 16,
    meaning: "ordering keys per mailbox, which bound its requests in flight; 0 publishes without keys",
  },
  AUTH_MODE: {
    parse: asAuthMode,
    meaning: `how callers prove who they are: iam (Cloud Run has checked them) or none (loopback addresses only)`,
  },
  ALLOW_UNAUTHENTICATED: {
    parse: asFlag,
    fallback: false,
    meaning: "true lets AUTH_MODE=none serve an address that other machines can reach",
  },
  K_SERVICE: { parse: asText, fallback: undefined, meaning: "set by Cloud Run; AUTH_MODE=iam needs it" },
} as const satisfies Record<string, EnvVar<unknown>>;

export type ApiEnv = EnvOf<typeof API_VARIABLES>;

export interface ApiConfig {
  readonly env: ApiEnv;
  readonly mailboxes: MailboxPolicy;
  readonly defaultMailbox: string | null;
}

/** Reads the api's configuration. Throws `EnvironmentError` with everything that is wrong, also between variables. */
export function readApiConfig(environment: Environment): ApiConfig {
  const conflicts = findConflicts(environment);
  let env: ApiEnv;
  try {
    env = readEnv(API_VARIABLES, environment);
  } catch (error) {
    throw error instanceof EnvironmentError ? new EnvironmentError([...error.problems, ...conflicts]) : error;
  }
  if (conflicts.length > 0) throw new EnvironmentError(conflicts);
  return {
    env,
    mailboxes: env.MAILBOXES ?? parseMailboxPolicy(env.GMAIL_USER ?? ""),
    defaultMailbox: env.GMAIL_USER ?? null,
  };
}

/** What no variable can tell alone. Reads the raw texts, so that it is told even when another value is unusable. */
function findConflicts(environment: Environment): string[] {
  const conflicts: string[] = [];
  const given = (name: keyof typeof API_VARIABLES): string | null => environment[name] || null;
  if (given("GMAIL_USER") === null && given("MAILBOXES") === null) {
    conflicts.push("GMAIL_USER or MAILBOXES is required: without either no mailbox may be drafted for");
  }
  if (given("AUTH_MODE") === "iam" && given("K_SERVICE") === null) {
    conflicts.push("AUTH_MODE is iam without K_SERVICE: this is not Cloud Run, so nobody has checked the callers");
  }
  const host = given("HOST") ?? API_VARIABLES.HOST.fallback;
  if (given("AUTH_MODE") === "none" && !isLoopback(host) && given("ALLOW_UNAUTHENTICATED") !== "true") {
    conflicts.push(
      `AUTH_MODE is none and HOST is ${host}: set HOST=127.0.0.1, or ALLOW_UNAUTHENTICATED=true to let whoever reaches it make drafts`,
    );
  }
  if (given("PUBSUB_EMULATOR_HOST") !== null && given("GOOGLE_CLOUD_PROJECT") === null) {
    conflicts.push("GOOGLE_CLOUD_PROJECT is required with PUBSUB_EMULATOR_HOST: an emulator names no project");
  }
  if (given("FIRESTORE_EMULATOR_HOST") !== null && given("GOOGLE_CLOUD_PROJECT") === null) {
    conflicts.push("GOOGLE_CLOUD_PROJECT is required with FIRESTORE_EMULATOR_HOST: an emulator names no project");
  }
  return conflicts;
}

function asAuthMode(raw: string): AuthMode {
  if (raw === "oidc") {
    throw new Error("is oidc, which needs a policy of callers that this version does not have: use iam");
  }
  return asOneOf(...AUTH_MODES)(raw);
}
