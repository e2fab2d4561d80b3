import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { AppDeps } from "@draftmill/api/app.ts";
import { openAuthentication } from "@draftmill/api/auth/authenticate.ts";
import type { CallerPolicy } from "@draftmill/api/callers/caller-policy.ts";
import { parseCallers } from "@draftmill/api/callers/parse-callers.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type CertsServer, startCerts } from "../../support/certs-server.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { type ApiUnderTest, anApi, MAILBOX } from "./api-under-test.ts";

export const AUDIENCE = "https://api-12345.europe-west1.run.app";
export const OTHER_AUDIENCE = "https://drafts.corp.example";
export const CRM = "crm@demo.iam.gserviceaccount.com";
export const OPERATOR = "operator@demo.iam.gserviceaccount.com";

/** CRM drafts for one mailbox, OPERATOR for none and reads everything. */
export const CALLERS: readonly object[] = [
  { caller: CRM, mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000 },
  { caller: OPERATOR, mailboxes: [], role: "operate", requestsPerSecond: 1_000 },
];

/** Google, as far as it signs identity tokens. One key for all tests of a file. */
export const google = await createIdTokenSigner();

export type Claims = Readonly<Record<string, unknown>>;

/** A service account's token as Google makes it. */
export function claimsOf(email: string, nowMs: number): Claims {
  const nowSeconds = Math.floor(nowMs / 1000);
  return {
    iss: "https://accounts.google.com",
    aud: AUDIENCE,
    azp: "1234",
    sub: "1234",
    email,
    email_verified: true,
    iat: nowSeconds,
    exp: nowSeconds + 3_600,
  };
}

export function bearer(token: string): { readonly authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** The token as Cloud Run hands it on. */
export function withoutSignature(token: string): string {
  return `${token.slice(0, token.lastIndexOf("."))}.SIGNATURE_REMOVED_BY_GOOGLE`;
}

export interface ApiWithCallers extends ApiUnderTest {
  readonly certs: CertsServer;
  /** The headers of a call by this account. */
  as(email: string, changes?: Claims): Promise<{ readonly authorization: string }>;
  /** Puts another policy in force. */
  setCallers(callers: readonly object[]): void;
}

/** The whole HTTP interface behind real tokens. */
export async function anApiWithCallers(
  t: TestContext,
  { mode = "oidc" as "iam" | "oidc", callers = CALLERS, ...changes }: Options = {},
): Promise<ApiWithCallers> {
  const clock = changes.clock ?? new ManualClock();
  const certs = await startCerts(t, google);
  let policy = policyOf(callers);
  const audiences = [AUDIENCE, OTHER_AUDIENCE];
  const authentication = await openAuthentication({ mode, audiences, certsUrl: certs.url, clock });
  const api = await anApi(t, {
    ...changes,
    clock,
    admission: { kind: "callers", authentication, policy: () => policy },
  });
  return {
    ...api,
    certs,
    as: async (email, change = {}) => bearer(await google.sign({ ...claimsOf(email, clock.nowMs()), ...change })),
    setCallers(next) {
      policy = policyOf(next);
    },
  };
}

type Options = Partial<AppDeps> & {
  readonly clock?: ManualClock;
  readonly mode?: "iam" | "oidc";
  readonly callers?: readonly object[];
};

export function policyOf(callers: readonly object[]): CallerPolicy {
  const parsed = parseCallers(Buffer.from(JSON.stringify({ callers })));
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.policy;
}
