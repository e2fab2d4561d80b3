import type { TestContext } from "node:test";
import { type GoogleOptions, type SandboxGoogle, startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { OAuth2Client } from "google-auth-library";
import { gmail } from "googleapis/build/src/apis/gmail/index.js";
import type { gmail_v1 } from "googleapis/build/src/apis/gmail/v1.js";

export const COMPOSE = "https://www.googleapis.com/auth/gmail.compose";
export const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

export const signer = await createIdTokenSigner();

/** A sandbox Google that closes with the test. */
export async function openGoogle(t: TestContext, options: Partial<GoogleOptions> = {}): Promise<SandboxGoogle> {
  const google = await startGoogle({ statePath: ":memory:", signer, ...options });
  t.after(() => google.close());
  return google;
}

/** The wall clock, which a test can set ahead. */
export function settableClock(): Clock & { advance(ms: number): void } {
  let aheadMs = 0;
  return {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + aheadMs,
    advance: (ms) => {
      aheadMs += ms;
    },
  };
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown;
}

/** One request, with a deadline, read to its end. */
export async function call(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000), ...init });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** Follows a path of names and indexes into a value. */
export function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === "object" && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/** The metadata server's token of the service account. */
export async function ownToken(google: SandboxGoogle, scopes?: string): Promise<string> {
  const query = scopes === undefined ? "" : `?scopes=${encodeURIComponent(scopes)}`;
  const url = `${google.url}/computeMetadata/v1/instance/service-accounts/default/token${query}`;
  const reply = await call(url, { headers: { "Metadata-Flavor": "Google" } });
  return String(at(reply.json, "access_token"));
}

export function signJwt(
  google: SandboxGoogle,
  token: string,
  body: unknown,
  account = google.serviceAccount,
): Promise<Reply> {
  return call(`${google.url}/v1/projects/-/serviceAccounts/${account}:signJwt`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The claims that the worker sends, good as they are. */
export function claimsFor(google: SandboxGoogle, sub: string | undefined, nowMs = Date.now()): Record<string, unknown> {
  const iat = Math.floor(nowMs / 1000);
  return {
    iss: google.serviceAccount,
    ...(sub === undefined ? {} : { sub }),
    scope: COMPOSE,
    aud: "https://oauth2.googleapis.com/token",
    iat,
    exp: iat + 3600,
  };
}

/** An assertion over exactly these claims, signed by the service account. */
export async function assertion(google: SandboxGoogle, claims: Record<string, unknown>): Promise<string> {
  const reply = await signJwt(google, await ownToken(google), { payload: JSON.stringify(claims) });
  return String(at(reply.json, "signedJwt"));
}

export function exchange(google: SandboxGoogle, jwt: string, grantType = JWT_BEARER): Promise<Reply> {
  const body = new URLSearchParams({ grant_type: grantType, assertion: jwt });
  return call(`${google.url}/token`, { method: "POST", body });
}

/** A user's access token, by the whole way: metadata, signJwt, exchange. */
export async function userToken(google: SandboxGoogle, mailbox: string, nowMs = Date.now()): Promise<string> {
  const reply = await exchange(google, await assertion(google, claimsFor(google, mailbox, nowMs)));
  return String(at(reply.json, "access_token"));
}

/** A Gmail call of that user, over plain HTTP. The path begins after `/users/me`. */
export async function gmailCall(google: SandboxGoogle, token: string, method: string, path: string, body?: unknown) {
  return call(`${google.url}/gmail/v1/users/me${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Google's own client for that user. */
export async function gmailClient(google: SandboxGoogle, mailbox: string): Promise<gmail_v1.Gmail> {
  const auth = new OAuth2Client();
  auth.setCredentials({ access_token: await userToken(google, mailbox) });
  return gmail({ version: "v1", auth, rootUrl: `${google.url}/` });
}

/** A small message with these headers, CRLF line ends. */
export function message(headers: Readonly<Record<string, string>>, body = "Bonjour"): string {
  const all = { "Content-Type": "text/plain; charset=utf-8", ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** A Draft with that message, as drafts.create takes it. */
export function draftBody(headers: Readonly<Record<string, string>> = { To: "ada@example.com" }, body?: string) {
  return { message: { raw: Buffer.from(message(headers, body)).toString("base64url") } };
}
