/** The claims of an accepted identity token that the services act on. */
export interface IdTokenClaims {
  readonly email: string;
  /** The Workspace that manages the account (`hd`). Service accounts and personal Google accounts have none. */
  readonly hostedDomain: string | null;
  /** From this time of our clock on the token is not accepted any more; the tolerance is in it. */
  readonly goodUntilMs: number;
}

/** Google writes its issuer either way (https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken). */
export const GOOGLE_ISSUERS = ["https://accounts.google.com", "accounts.google.com"];

/** An identity token is good for an hour; a minute of difference between two clocks is no forgery. */
export const CLOCK_TOLERANCE_SECONDS = 60;

/** A token that is not accepted. What that means, and what is told of it, is up to whoever asked. */
export class IdTokenRefused extends Error {
  override readonly name = "IdTokenRefused";
  /** The failed check, in words that hold no value of the token. */
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

/** Reads claims whose origin has been checked. Throws {@link IdTokenRefused} when they name no verified address or no expiry. */
export function readClaims(claims: Readonly<Record<string, unknown>>): IdTokenClaims {
  const { email, email_verified, hd, exp } = claims;
  if (typeof email !== "string" || email === "" || email_verified !== true) {
    throw new IdTokenRefused("the token names no verified address: ask for it with format=full or includeEmail");
  }
  if (typeof exp !== "number") throw new IdTokenRefused("the token has no expiry");
  const hostedDomain = typeof hd === "string" && hd !== "" ? hd : null;
  return { email, hostedDomain, goodUntilMs: (exp + CLOCK_TOLERANCE_SECONDS) * 1000 };
}

/** What a token says of itself, verified or not; null when it is no JWT. */
export function decodeClaims(token: string): Readonly<Record<string, unknown>> | null {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
    return typeof claims === "object" && claims !== null ? { ...claims } : null;
  } catch {
    return null;
  }
}

/** The token of an `Authorization: Bearer` header. Throws {@link IdTokenRefused} when there is none. */
export function bearerToken(header: string | readonly string[] | undefined): string {
  const token = typeof header === "string" ? /^Bearer +(\S+)$/i.exec(header)?.[1] : undefined;
  if (token === undefined) throw new IdTokenRefused("there is no bearer token");
  return token;
}
