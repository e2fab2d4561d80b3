import type { FastifyRequest } from "fastify";
import { type AccessTokens, bearerToken } from "../access-tokens.ts";
import { Refusal } from "../google-error.ts";
import { pathValue } from "../request-values.ts";
import type { Workspace } from "../workspace.ts";
import { GMAIL_METHODS, type GmailMethodName } from "./methods.ts";
import type { Quota } from "./quota.ts";

export interface CallerParts {
  readonly tokens: AccessTokens;
  readonly workspace: Workspace;
  readonly quota: Quota;
}

/** The user whom a request acts for and on. */
export interface Caller {
  readonly mailbox: string;
}

/** Whose mailbox a request acts on, once token, API, scope, user and quota have let it pass; throws a `Refusal` otherwise. */
export function identifyCaller(parts: CallerParts, name: GmailMethodName, request: FastifyRequest): Caller {
  const method = GMAIL_METHODS[name];
  const token = bearerToken(request.headers.authorization);
  if (token === undefined) throw new Refusal("missingCredentials");
  const grant = parts.tokens.find(token);
  if (grant === undefined) throw new Refusal("invalidCredentials");
  if (!parts.workspace.gmailApiEnabled) throw new Refusal("gmailApiDisabled");
  if (!grant.scopes.some((scope) => method.scopes.includes(scope))) throw new Refusal("insufficientScopes");
  if (grant.kind === "service-account") throw new Refusal("preconditionFailed");
  const userId = pathValue(request.params, "userId");
  if (userId !== "me" && userId.toLowerCase() !== grant.subject)
    throw new Refusal("delegationDenied", { detail: userId });
  if (!parts.workspace.hasMail(grant.subject)) throw new Refusal("mailServiceNotEnabled");
  parts.quota.charge(grant.subject, method.units);
  return { mailbox: grant.subject };
}
