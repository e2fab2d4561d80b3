import type { Clock } from "@draftmill/shared/clock.ts";
import type { FastifyPluginCallback, FastifyRequest } from "fastify";
import type { IdTokenSigner } from "../id-token-signer.ts";
import type { AccessTokens } from "./access-tokens.ts";
import type { Answer } from "./answer.ts";
import { type Assertion, claimedSubject, verifyAssertion } from "./assertion.ts";
import { Refusal } from "./google-error.ts";
import type { OperationHandler } from "./operation.ts";
import { bodyBytes } from "./request-values.ts";
import type { ServiceAccounts } from "./service-accounts.ts";
import type { Workspace } from "./workspace.ts";

export interface TokenEndpointParts {
  readonly operation: OperationHandler;
  readonly accounts: ServiceAccounts;
  readonly tokens: AccessTokens;
  readonly workspace: Workspace;
  readonly signer: IdTokenSigner;
  readonly clock: Clock;
}

interface TokenCall {
  readonly form: URLSearchParams;
  readonly mailbox: string | undefined;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_LIFETIME_SECONDS = 3599;

/** https://oauth2.googleapis.com/token, of which only the JWT bearer grant (RFC 7523) is there. */
export function tokenEndpoint(parts: TokenEndpointParts): FastifyPluginCallback {
  const { accounts, tokens, workspace, signer, clock } = parts;
  return (app, _options, done) => {
    app.post("/token", parts.operation("token", { identify, work }));
    done();
  };

  function identify(request: FastifyRequest): TokenCall {
    const form = new URLSearchParams(bodyBytes(request.body).toString());
    return { form, mailbox: claimedSubject(form.get("assertion") ?? "") };
  }

  async function work(_request: FastifyRequest, { form }: TokenCall): Promise<Answer> {
    const grantType = form.get("grant_type") ?? "";
    if (grantType !== JWT_BEARER) throw new Refusal("unsupportedGrantType", { detail: grantType });
    const assertion = verifyAssertion(form.get("assertion") ?? "", accounts, clock.nowMs());
    if (assertion.subject === undefined) return ownToken(assertion);
    return { status: 200, body: accessToken(userOf(assertion.subject, assertion.scopes), "user", assertion.scopes) };
  }

  /** Which of the two is checked first is not documented; a client that is not delegated learns nothing about users. */
  function userOf(subject: string, scopes: readonly string[]): string {
    if (!subject.includes("@")) throw new Refusal("invalidSubject");
    if (!workspace.isDelegated(scopes)) throw new Refusal("unauthorizedClient");
    const state = workspace.stateOf(subject);
    switch (state) {
      case "active":
        return subject.toLowerCase();
      case "suspended":
        throw new Refusal("accountRestricted");
      case "deleted":
        throw new Refusal("accountDeleted");
      case "unknown":
        throw new Refusal("unknownUser");
      default:
        return state satisfies never;
    }
  }

  /** Without `sub` the account gets a token for itself; measured: with one unknown scope, an ID token and no access token. */
  async function ownToken({ account, scopes }: Assertion): Promise<Answer> {
    if (scopes.every(isKnownScope)) return { status: 200, body: accessToken(account.email, "service-account", scopes) };
    const now = Math.floor(clock.nowMs() / 1000);
    const idToken = await signer.sign({
      aud: scopes.join(" "),
      azp: account.clientId,
      email: account.email,
      email_verified: true,
      exp: now + 3600,
      iat: now,
      iss: "https://accounts.google.com",
      sub: account.clientId,
    });
    return { status: 200, body: { id_token: idToken } };
  }

  function accessToken(subject: string, kind: "user" | "service-account", scopes: readonly string[]): object {
    return {
      access_token: tokens.issue({ subject, kind, scopes }, TOKEN_LIFETIME_SECONDS),
      expires_in: TOKEN_LIFETIME_SECONDS,
      token_type: "Bearer",
    };
  }
}

/** By its form; the list of all scopes is Google's. */
function isKnownScope(scope: string): boolean {
  return (
    /^https:\/\/www\.googleapis\.com\/auth\/[a-z][a-z._-]*$/.test(scope) ||
    ["https://mail.google.com/", "openid", "email", "profile"].includes(scope)
  );
}
