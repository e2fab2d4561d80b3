import { ENDPOINT_VARIABLES } from "@draftmill/shared/endpoints.ts";
import {
  asFlag,
  asOneOf,
  asText,
  type Environment,
  EnvironmentError,
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
import { AUTH_MODES, type AuthMode } from "./auth/authenticate.ts";

/** Every variable of the api. The README's table is tested against it. */
export const API_VARIABLES = {
  ...SERVICE_VARIABLES,
  GOOGLE_CERTS_ENDPOINT: ENDPOINT_VARIABLES.GOOGLE_CERTS_ENDPOINT,
  AUTH_MODE: {
    parse: asOneOf(...AUTH_MODES),
    meaning:
      "how callers prove who they are: iam (Cloud Run has checked their identity token), oidc (the api checks it) or none (loopback addresses only)",
  },
  AUTH_AUDIENCE: {
    parse: asAudiences,
    fallback: undefined,
    meaning:
      "the audiences of callers' tokens, letter by letter, comma-separated: every URL of the service that callers use, and its custom audiences; required with iam and oidc",
  },
  CALLERS_FILE: {
    parse: asText,
    fallback: undefined,
    meaning: "file that says who may call, for which mailboxes and how much (Callers); required with iam and oidc",
  },
  ALLOW_UNAUTHENTICATED: {
    parse: asFlag,
    fallback: false,
    meaning: "true lets AUTH_MODE=none serve an address that other machines can reach",
  },
  K_SERVICE: { parse: asText, fallback: undefined, meaning: "set by Cloud Run; AUTH_MODE=iam needs it" },
} as const satisfies Record<string, EnvVar<unknown>>;

export type ApiEnv = EnvOf<typeof API_VARIABLES>;

/** How callers are known and what they may do. */
export type CallerSettings =
  | { readonly mode: "none" }
  | {
      readonly mode: Exclude<AuthMode, "none">;
      readonly audiences: readonly string[];
      readonly callersFile: string;
    };

export interface ApiConfig extends MailboxSettings {
  readonly env: ApiEnv;
  readonly callers: CallerSettings;
}

/** Reads the api's configuration. Throws `EnvironmentError` with everything that is wrong, also between variables. */
export function readApiConfig(environment: Environment): ApiConfig {
  const env = readEnv(API_VARIABLES, environment, findConflicts(environment));
  return {
    env,
    ...mailboxSettings(env),
    callers: callerSettings(env),
  };
}

function callerSettings({
  AUTH_MODE: mode,
  AUTH_AUDIENCE: audiences,
  CALLERS_FILE: callersFile,
}: ApiEnv): CallerSettings {
  if (mode === "none") return { mode };
  // findConflicts has told it already; this keeps a slip there from letting everybody in.
  if (audiences === undefined || callersFile === undefined) throw new EnvironmentError(["AUTH_AUDIENCE, CALLERS_FILE"]);
  return { mode, audiences, callersFile };
}

/** What no variable can tell alone. Reads the raw texts, so that it is told even when another value is unusable. */
function findConflicts(environment: Environment): string[] {
  const conflicts = serviceConflicts(environment);
  const given = (name: keyof typeof API_VARIABLES): string | null => environment[name] || null;
  if (given("AUTH_MODE") === "iam" && given("K_SERVICE") === null) {
    conflicts.push("AUTH_MODE is iam without K_SERVICE: this is not Cloud Run, so nobody has checked the callers");
  }
  if (given("AUTH_MODE") === "iam" || given("AUTH_MODE") === "oidc") {
    if (given("AUTH_AUDIENCE") === null) {
      conflicts.push(
        "AUTH_AUDIENCE is required with AUTH_MODE iam and oidc: without it a token that was made for another service would do; see: gcloud run services describe SERVICE --format='value(status.url)'",
      );
    }
    if (given("CALLERS_FILE") === null) {
      conflicts.push(
        "CALLERS_FILE is required with AUTH_MODE iam and oidc: without it nobody may call; GET /callers.schema.json says what goes into it",
      );
    }
  }
  if (given("AUTH_MODE") === "none" && given("CALLERS_FILE") !== null) {
    conflicts.push("CALLERS_FILE is set and AUTH_MODE is none: nobody is known, so the policy would hold for nobody");
  }
  const host = given("HOST") ?? API_VARIABLES.HOST.fallback;
  if (given("AUTH_MODE") === "none" && !isLoopback(host) && given("ALLOW_UNAUTHENTICATED") !== "true") {
    conflicts.push(
      `AUTH_MODE is none and HOST is ${host}: set HOST=127.0.0.1, or ALLOW_UNAUTHENTICATED=true to let whoever reaches it make drafts`,
    );
  }
  return conflicts;
}

/** An audience is any text, most often a URL; what has a blank in it is a list without commas. */
function asAudiences(raw: string): readonly string[] {
  const audiences = raw.split(",").map((audience) => audience.trim());
  const bad = audiences.find((audience) => !/^[\x21-\x7e]+$/.test(audience) || audience.includes("*"));
  if (bad !== undefined) {
    throw new Error(`must be audiences without blanks or *, with commas between them, and has ${JSON.stringify(bad)}`);
  }
  return audiences;
}
