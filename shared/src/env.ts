/** How one environment variable is read. The README's table and Terraform are tested against these rows. */
export interface EnvVar<T> {
  /** Throws an Error whose message completes the sentence "NAME …". */
  readonly parse: (raw: string) => T;
  /** Used when the variable is unset or empty; without one the variable is required. */
  readonly fallback?: T;
  readonly meaning: string;
  /** A secret shows in the log only as `{ set: true }`. */
  readonly secret?: boolean;
}

export type EnvSchema = Readonly<Record<string, EnvVar<unknown>>>;
export type EnvOf<S extends EnvSchema> = {
  readonly [K in keyof S]: S[K] extends { readonly fallback: infer Fallback }
    ? ReturnType<S[K]["parse"]> | Fallback
    : ReturnType<S[K]["parse"]>;
};
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every problem of an environment at once; the process must not start. */
export class EnvironmentError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment cannot be used:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`);
    this.name = "EnvironmentError";
    this.problems = problems;
  }
}

/**
 * Reads the whole environment once. `conflicts` are problems between variables, which no schema can tell. Throws
 * {@link EnvironmentError} with every problem of either kind; the result is frozen.
 */
export function readEnv<S extends EnvSchema>(schema: S, env: Environment, conflicts: readonly string[] = []): EnvOf<S> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, variable] of Object.entries(schema)) {
    const raw = env[name];
    if (raw === undefined || raw === "") {
      if (!("fallback" in variable)) problems.push(`${name} is required: ${variable.meaning}`);
      values[name] = variable.fallback;
      continue;
    }
    try {
      values[name] = variable.parse(raw);
    } catch (error) {
      const message = error instanceof Error ? error.message : "is unusable";
      const told = variable.secret === true ? message.replaceAll(JSON.stringify(raw), "not shown") : message;
      problems.push(`${name} ${told}`);
    }
  }
  problems.push(...conflicts);
  if (problems.length > 0) throw new EnvironmentError(problems);
  // The loop above has filled every key of the schema with its own parser's result.
  return Object.freeze(values) as EnvOf<S>;
}

/** The effective configuration for the log, secrets masked. */
export function describeEnv<S extends EnvSchema>(schema: S, values: EnvOf<S>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema).map(([name, { secret }]) => {
      const value: unknown = values[name];
      return [name, secret === true ? { set: value !== undefined } : loggable(value)];
    }),
  );
}

/** JSON knows no sets: a policy of mailboxes would show as empty. */
function loggable(value: unknown): unknown {
  if (value instanceof Set || Array.isArray(value)) return [...value];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, loggable(inner)]));
}

/** Any text, but not with blanks around it: a secret's trailing line break is the usual reason for a value that fails. */
export function asText(raw: string): string {
  if (raw !== raw.trim()) throw new Error(`must not begin or end with white space`);
  return raw;
}

export function asWholeNumber(least: number, most: number): (raw: string) => number {
  return (raw) => {
    const value = Number(raw);
    if (!/^\d+$/.test(raw) || value < least || value > most) {
      throw new Error(`must be a whole number from ${least} to ${most}, and is ${JSON.stringify(raw)}`);
    }
    return value;
  };
}

export function asOneOf<const T extends string>(...allowed: readonly T[]): (raw: string) => T {
  return (raw) => {
    const found = allowed.find((value) => value === raw);
    if (found === undefined) throw new Error(`must be one of ${allowed.join(", ")}, and is ${JSON.stringify(raw)}`);
    return found;
  };
}

export function asFlag(raw: string): boolean {
  if (raw !== "true" && raw !== "false") throw new Error(`must be true or false, and is ${JSON.stringify(raw)}`);
  return raw === "true";
}

/** An origin such as https://gmail.googleapis.com: http only on a loopback address, no path. */
export function asOrigin(raw: string): string {
  const url = parseUrl(raw);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw new Error(`must be an origin without a path`);
  return url.origin;
}

/** A whole URL, path included: http only on a loopback address. */
export const asUrl = (raw: string): string => parseUrl(raw).href;

function parseUrl(raw: string): URL {
  // What does not parse may still hold a password.
  if (!URL.canParse(raw)) throw new Error(`must be a URL${raw.includes("@") ? "" : `, and is ${JSON.stringify(raw)}`}`);
  const url = new URL(raw);
  if (url.username !== "" || url.password !== "") throw new Error("must not hold a user name or password");
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname))) return url;
  throw new Error("must be an https URL (http is for loopback addresses only)");
}

/** Whether a host name or address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
