import {
  asFlag,
  asOneOf,
  asText,
  type Environment,
  type EnvOf,
  type EnvVar,
  isLoopback,
  readEnv,
} from "@draftmill/shared/env.ts";
import {
  type MailboxSettings,
  mailboxSettings,
  SERVICE_VARIABLES,
  serviceConflicts,
} from "@draftmill/shared/service-variables.ts";
import { AUTH_MODES, type AuthMode } from "./auth.ts";

/** Every variable of the api. The README's table is tested against it. */
export const API_VARIABLES = {
  ...SERVICE_VARIABLES,
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

export interface ApiConfig extends MailboxSettings {
  readonly env: ApiEnv;
}

/** Reads the api's configuration. Throws `EnvironmentError` with everything that is wrong, also between variables. */
export function readApiConfig(environment: Environment): ApiConfig {
  const env = readEnv(API_VARIABLES, environment, findConflicts(environment));
  return {
    env,
    ...mailboxSettings(env),
  };
}

/** What no variable can tell alone. Reads the raw texts, so that it is told even when another value is unusable. */
function findConflicts(environment: Environment): string[] {
  const conflicts = serviceConflicts(environment);
  const given = (name: keyof typeof API_VARIABLES): string | null => environment[name] || null;
  if (given("AUTH_MODE") === "iam" && given("K_SERVICE") === null) {
    conflicts.push("AUTH_MODE is iam without K_SERVICE: this is not Cloud Run, so nobody has checked the callers");
  }
  const host = given("HOST") ?? API_VARIABLES.HOST.fallback;
  if (given("AUTH_MODE") === "none" && !isLoopback(host) && given("ALLOW_UNAUTHENTICATED") !== "true") {
    conflicts.push(
      `AUTH_MODE is none and HOST is ${host}: set HOST=127.0.0.1, or ALLOW_UNAUTHENTICATED=true to let whoever reaches it make drafts`,
    );
  }
  return conflicts;
}

function asAuthMode(raw: string): AuthMode {
  if (raw === "oidc") {
    throw new Error("is oidc, which needs a policy of callers that this version does not have: use iam");
  }
  return asOneOf(...AUTH_MODES)(raw);
}
