import type { FastifyPluginCallback, FastifyRequest } from "fastify";
import { type AccessTokens, bearerToken, type Grant } from "../access-tokens.ts";
import type { Answer } from "../answer.ts";
import { Refusal } from "../google-error.ts";
import type { OperationHandler } from "../operation.ts";
import { fieldOf, pathValue, queryValue, queryValues } from "../request-values.ts";
import { apiDisabled, CLOUD_ERRORS } from "./cloud-errors.ts";
import type { KnownProject } from "./cloud-project.ts";
import { ENABLED_APIS } from "./project-names.ts";

export interface CloudParts {
  readonly operation: OperationHandler;
  readonly tokens: AccessTokens;
  readonly project: KnownProject;
}

/** The APIs behind `draftmill doctor`. Each is under its host name, since their paths are alike. */
const APIS = [...ENABLED_APIS.filter((api) => !api.startsWith("gmail")), "serviceusage.googleapis.com"] as const;
/** Calls that read by POST; what else is posted would change something. */
const READING_POSTS = /(?::getIamPolicy|:testIamPermissions|\/entries:list)$/;
/** The one permission that is asked for in this way, and the role that gives it. */
const PUBLISH = { permission: "pubsub.topics.publish", role: "roles/pubsub.publisher" };

/** What administrators read of a project. Nothing can be changed by it. */
export function cloudRoutes({ operation, tokens, project }: CloudParts): FastifyPluginCallback {
  return (app, _options, done) => {
    for (const api of APIS) {
      const handler = operation("cloud.read", {
        identify,
        work: (request, { grant }) => answerOf(api, request, grant),
      });
      app.get(`/${api}/*`, handler);
      app.post(`/${api}/*`, handler);
    }
    app.post(
      "/oauth2.googleapis.com/tokeninfo",
      operation("cloud.read", { identify, work: (_request, { grant }) => ({ status: 200, body: tokenInfo(grant) }) }),
    );
    done();
  };

  function identify(request: FastifyRequest): { readonly mailbox: undefined; readonly grant: Grant } {
    const grant = tokens.find(bearerToken(request.headers.authorization) ?? "");
    if (grant === undefined) throw new Refusal("iamInvalidCredentials");
    return { mailbox: undefined, grant };
  }

  function answerOf(api: string, request: FastifyRequest, grant: Grant): Answer {
    const path = pathValue(request.params, "*");
    if (request.method === "POST" && !READING_POSTS.test(path)) return CLOUD_ERRORS.cloudPermissionDenied();
    if (!project.isEnabled(api)) return apiDisabled(api, project.names.number);
    if (path.endsWith("/services:batchGet")) return enabledServices(api, path, queryValues(request.query, "names"));
    if (path.endsWith(":testIamPermissions")) return permissionsOf(`${api}/${path.split(":")[0]}`, grant);
    const body = project.find(`${api}/${keyOf(path, request.query)}`);
    return body === undefined ? CLOUD_ERRORS.cloudNotFound() : { status: 200, body };
  }

  function permissionsOf(resource: string, { subject }: Grant): Answer {
    if (project.find(resource) === undefined) return CLOUD_ERRORS.cloudNotFound();
    const bindings = fieldOf(project.find(`${resource}:getIamPolicy`), "bindings");
    const holds = (binding: unknown): boolean => {
      const members = fieldOf(binding, "members");
      const isGranted = Array.isArray(members) && members.includes(`serviceAccount:${subject}`);
      return isGranted && fieldOf(binding, "role") === PUBLISH.role;
    };
    const held = Array.isArray(bindings) && bindings.some(holds);
    return { status: 200, body: held ? { permissions: [PUBLISH.permission] } : {} };
  }

  function enabledServices(api: string, path: string, names: readonly string[]): Answer {
    const version = path.split("/")[0];
    const services = names.map((name) => project.find(`${api}/${version}/${name}`));
    return { status: 200, body: { services: services.filter((service) => service !== undefined) } };
  }
}

/** Figures are told apart by the metric and the subscription of the filter. */
function keyOf(path: string, query: unknown): string {
  if (!path.endsWith("/timeSeries")) return path;
  const filter = queryValue(query, "filter") ?? "";
  const metric = /subscription\/(\w+)"/.exec(filter)?.[1];
  const subscription = /subscription_id="([^"]+)"/.exec(filter)?.[1];
  return `${path}/${metric}/${subscription}`;
}

function tokenInfo({ subject, scopes }: Grant): object {
  return {
    azp: "32555940559.apps.googleusercontent.com",
    aud: "32555940559.apps.googleusercontent.com",
    scope: scopes.join(" "),
    expires_in: "3599",
    email: subject,
    email_verified: "true",
    access_type: "offline",
  };
}
