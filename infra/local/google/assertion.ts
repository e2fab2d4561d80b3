import { verify } from "node:crypto";
import { Refusal } from "./google-error.ts";
import { fieldOf, parseJson } from "./request-values.ts";
import type { ServiceAccount, ServiceAccounts } from "./service-accounts.ts";

/** A JWT that the token endpoint has verified but for scope grant and user. */
export interface Assertion {
  readonly account: ServiceAccount;
  /** Whom the account wants to be; none for itself. */
  readonly subject: string | undefined;
  readonly scopes: readonly string[];
}

/** Google's own address whatever ours is: an assertion that would fail there must fail here. */
const AUDIENCE = "https://oauth2.googleapis.com/token";
const LONGEST_LIFETIME_SECONDS = 3600;
// Measured at the live endpoint: iat five minutes ahead and one hour back pass, two hours back do not.
const SKEW_SECONDS = 300;

/** Checks in the order of the live endpoint, so that a doubly wrong assertion gets the same answer: structure, signature, account, iat and exp, window, scope, audience. */
export function verifyAssertion(jwt: string, accounts: ServiceAccounts, nowMs: number): Assertion {
  const { header, claims, signed, signature } = decode(jwt);
  const signer = accounts.findByKeyId(text(header, "kid") ?? "");
  const issuer = text(claims, "iss");
  const account = accounts.find(issuer ?? "");
  if (signer === undefined) throw new Refusal(account === undefined ? "accountNotFound" : "invalidSignature");
  if (text(header, "alg") !== "RS256" || !verify("RSA-SHA256", signed, signer.publicKey, signature)) {
    throw new Refusal("invalidSignature");
  }
  if (account === undefined) throw new Refusal("accountNotFound");
  if (account !== signer) throw new Refusal("invalidSignature");

  const iat = fieldOf(claims, "iat");
  const exp = fieldOf(claims, "exp");
  if (typeof iat !== "number") throw new Refusal("iatNotSet");
  if (typeof exp !== "number") throw new Refusal("expNotSet");
  const now = nowMs / 1000;
  if (iat > now + SKEW_SECONDS || exp < now - SKEW_SECONDS || exp <= iat || exp - iat > LONGEST_LIFETIME_SECONDS) {
    throw new Refusal("notShortLived");
  }

  const scopes = (text(claims, "scope") ?? "").split(" ").filter((scope) => scope !== "");
  if (scopes.length === 0) throw new Refusal("emptyScope");
  if (fieldOf(claims, "aud") !== AUDIENCE) throw new Refusal("failedAudience");
  return { account, subject: text(claims, "sub"), scopes };
}

/** The user an assertion names, unverified: for the call log and the choice of a fault. */
export function claimedSubject(jwt: string): string | undefined {
  const claims = parseJson(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString());
  return text(claims, "sub")?.toLowerCase();
}

function decode(jwt: string) {
  const parts = jwt.split(".");
  const [head = "", body = "", tail = ""] = parts;
  const header = parseJson(Buffer.from(head, "base64url").toString());
  const claims = parseJson(Buffer.from(body, "base64url").toString());
  if (parts.length !== 3 || tail === "" || !isObject(header) || !isObject(claims))
    throw new Refusal("undecodableAssertion");
  return { header, claims, signed: Buffer.from(`${head}.${body}`), signature: Buffer.from(tail, "base64url") };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === "string" ? field : undefined;
}
