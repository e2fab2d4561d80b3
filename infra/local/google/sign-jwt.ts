import { sign } from "node:crypto";
import type { Clock } from "@draftmill/shared/clock.ts";
import type { FastifyPluginCallback, FastifyRequest } from "fastify";
import { type AccessTokens, bearerToken, type Grant } from "./access-tokens.ts";
import { type Answer, errorPage } from "./answer.ts";
import { Refusal } from "./google-error.ts";
import { type OperationHandler, send } from "./operation.ts";
import { bodyBytes, fieldOf, parseJson, pathValue } from "./request-values.ts";
import type { ServiceAccount, ServiceAccounts } from "./service-accounts.ts";
import type { Workspace } from "./workspace.ts";

export interface SignJwtParts {
  readonly operation: OperationHandler;
  readonly accounts: ServiceAccounts;
  readonly tokens: AccessTokens;
  readonly workspace: Workspace;
  readonly clock: Clock;
}

interface SignJwtCall {
  readonly caller: Grant;
  readonly payload: string;
  /** Whom the JWT names, unverified: Google signs what it is given. */
  readonly mailbox: string | undefined;
}

const ACCEPTED_SCOPES = ["https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/iam"];
const LONGEST_LIFETIME_SECONDS = 12 * 3600;
const VERB = ":signJwt";

/**
 * IAM Credentials, of which only signJwt is there:
 * https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signJwt
 */
export function signJwtApi(parts: SignJwtParts): FastifyPluginCallback {
  const { accounts, tokens, workspace, clock } = parts;
  const handler = parts.operation("signJwt", { identify, work });

  return (app, _options, done) => {
    app.post("/v1/projects/:project/serviceAccounts/:name", function (request, reply) {
      if (pathValue(request.params, "name").endsWith(VERB)) return handler.call(this, request, reply);
      return send(reply, errorPage(404, "Not Found", "The requested URL was not found on this server."));
    });
    done();
  };

  function identify(request: FastifyRequest): SignJwtCall {
    const token = bearerToken(request.headers.authorization);
    if (token === undefined) throw new Refusal("iamMissingCredentials");
    const caller = tokens.find(token);
    if (caller === undefined) throw new Refusal("iamInvalidCredentials");
    if (!workspace.iamCredentialsApiEnabled) throw new Refusal("iamApiDisabled");
    if (!caller.scopes.some((scope) => ACCEPTED_SCOPES.includes(scope))) throw new Refusal("iamInsufficientScopes");
    const payload = payloadOf(request);
    const subject = fieldOf(parseJson(payload), "sub");
    return { caller, payload, mailbox: typeof subject === "string" ? subject.toLowerCase() : undefined };
  }

  function work(request: FastifyRequest, { caller, payload }: SignJwtCall): Answer {
    if (pathValue(request.params, "project") !== "-") {
      throw new Refusal("iamInvalidArgument", {
        detail: "The project must be the wildcard `-`; a project id is invalid here.",
      });
    }
    const account = accounts.find(pathValue(request.params, "name").slice(0, -VERB.length));
    // The one grant there is: the account may sign as itself.
    if (account === undefined || account.email !== caller.subject || workspace.signingDenied)
      throw new Refusal("signJwtDenied");
    assertSignable(payload);
    return { status: 200, body: { keyId: account.keyId, signedJwt: signedJwt(account, payload) } };
  }

  // The rules are those of the discovery document, the wording is ours.
  function assertSignable(payload: string): void {
    const claims = parseJson(payload);
    if (typeof claims !== "object" || claims === null || Array.isArray(claims)) {
      throw new Refusal("iamInvalidArgument", {
        detail: "The payload must be a serialized JSON object that holds a JWT Claims Set.",
      });
    }
    const exp = fieldOf(claims, "exp");
    if (exp === undefined) return;
    const nowSeconds = clock.nowMs() / 1000;
    if (!Number.isInteger(exp) || Number(exp) < nowSeconds || Number(exp) > nowSeconds + LONGEST_LIFETIME_SECONDS) {
      throw new Refusal("iamInvalidArgument", {
        detail: "The exp claim must be an integer timestamp, not in the past and no more than 12 hours in the future.",
      });
    }
  }
}

const REQUEST_FIELDS: readonly string[] = ["payload", "delegates"];

function payloadOf(request: FastifyRequest): string {
  const body = parseJson(bodyBytes(request.body).toString());
  if (typeof body !== "object" || body === null)
    throw new Refusal("iamInvalidArgument", { detail: "Invalid JSON payload received." });
  const unknown = Object.keys(body).find((name) => !REQUEST_FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new Refusal("iamInvalidArgument", {
      detail: `Invalid JSON payload received. Unknown name "${unknown}": Cannot find field.`,
    });
  }
  const payload = fieldOf(body, "payload");
  if (typeof payload !== "string")
    throw new Refusal("iamInvalidArgument", { detail: "payload is required and must be a string." });
  return payload;
}

/** The payload is signed as it was given, byte for byte. */
function signedJwt(account: ServiceAccount, payload: string): string {
  const header = JSON.stringify({ alg: "RS256", kid: account.keyId, typ: "JWT" });
  const signed = `${Buffer.from(header).toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
  return `${signed}.${sign("RSA-SHA256", Buffer.from(signed), account.privateKey).toString("base64url")}`;
}
