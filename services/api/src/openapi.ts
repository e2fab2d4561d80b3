import { DRAFT_REQUEST_SCHEMA } from "@draftmill/shared/contract/draft-request-schema.ts";
import { ERROR_CODES, type ErrorCode } from "@draftmill/shared/error-codes.ts";
import { REPLAY_ORDER_SCHEMA } from "@draftmill/shared/replay/replay-order.ts";
import type { FastifyInstance } from "fastify";
import { DRAFT_VIEW_SCHEMA } from "./draft-view.ts";
import { FAILURE_GROUPS_SCHEMA } from "./failure-groups.ts";
import { WAIT_SECONDS_MAX } from "./prefer.ts";
import { PROBLEM_MEDIA_TYPE, PROBLEM_SCHEMA } from "./problem.ts";
import { REPLAY_ESTIMATE_SCHEMA } from "./replay-estimate.ts";
import { REPLAY_SCHEMA } from "./replay-view.ts";
import { LIST_QUERY_SCHEMA, PAGE_SCHEMA } from "./routes/drafts.ts";
import { FAILURES_QUERY_SCHEMA } from "./routes/failures.ts";
import { INCIDENT_PAGE_SCHEMA, INCIDENTS_QUERY_SCHEMA } from "./routes/incidents.ts";
import { REPLAY_PAGE_SCHEMA, REPLAYS_QUERY_SCHEMA } from "./routes/replays.ts";

const VERSION = "1.0.0";

const { $id: _id, ...REQUEST_SCHEMA } = DRAFT_REQUEST_SCHEMA;

const QUEUED_SCHEMA = {
  title: "Queued",
  description: "The draft is promised, not yet made.",
  type: "object",
  additionalProperties: false,
  required: ["id", "status"],
  properties: { id: { type: "string" }, status: { type: "string", enum: ["queued", "processing"] } },
};

const MADE_SCHEMA = {
  title: "Made",
  type: "object",
  additionalProperties: false,
  required: ["status", "draft_id"],
  properties: { status: { const: "ok" }, draft_id: { type: "string", description: "Gmail's id of the draft." } },
};

const HEALTH_SCHEMA = {
  title: "Health",
  type: "object",
  required: ["status"],
  properties: {
    status: { type: "string", enum: ["live", "ready", "unready", "stopping"] },
    checks: { type: "object", additionalProperties: { type: "boolean" } },
  },
};

const PARAMETERS = {
  prefer: {
    name: "Prefer",
    in: "header",
    schema: { type: "string" },
    examples: { wait: { value: "wait=20" }, async: { value: "respond-async" } },
    description: `RFC 7240. \`wait=N\` holds the answer until the draft is settled, at most N seconds (and ${WAIT_SECONDS_MAX}); \`respond-async\` answers at once. The answer repeats in Preference-Applied what was honoured.`,
  },
  idempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    schema: { type: "string", pattern: "^[\\x21-\\x7e]{1,255}$" },
    description:
      "Makes it safe to send the request again: the same key, caller and route stand for one draft, for 7 days. A `dedupeKey` in the body takes its place.",
  },
  id: { name: "id", in: "path", required: true, schema: { type: "string", maxLength: 128 } },
};

const LOCATION = { location: { schema: { type: "string" }, description: "Where to ask what became of the draft." } };

/** What any call by a caller can meet before its route is asked. */
const ADMISSION_CODES = [
  "FOREIGN_PAGE",
  "UNAUTHENTICATED",
  "CALLER_NOT_ALLOWED",
  "REQUESTS_PER_SECOND_EXCEEDED",
  "CERTS_UNAVAILABLE",
] as const satisfies readonly ErrorCode[];

const RETRY_AFTER = { "Retry-After": { schema: { type: "integer" }, description: "Seconds." } };

/** draft-ietf-httpapi-ratelimit-headers-10. On every other answer to a known caller as well. */
const RATE_LIMIT = {
  "RateLimit-Policy": { schema: { type: "string" }, example: '"requests";q=10;w=1' },
  RateLimit: { schema: { type: "string" }, example: '"requests";r=0;t=1' },
};

const SUBMISSION_CODES = [
  ...ADMISSION_CODES,
  "BODY_MALFORMED",
  "HEADER_INVALID",
  "MAILBOX_NOT_ALLOWED",
  "DRAFTS_PER_DAY_EXCEEDED",
  "BODY_TOO_LARGE",
  "MEDIA_TYPE_UNSUPPORTED",
  "REQUEST_INVALID",
  "KEY_REUSED",
  "INTERNAL",
  "DRAFT_CANCELED",
  "PUBLISH_UNCONFIRMED",
  "LEDGER_UNAVAILABLE",
  "SHUTTING_DOWN",
] as const satisfies readonly ErrorCode[];

const READING_CODES = [
  ...ADMISSION_CODES,
  "HEADER_INVALID",
  "INTERNAL",
  "LEDGER_UNAVAILABLE",
  "SHUTTING_DOWN",
] as const satisfies readonly ErrorCode[];

const OPERATING_CODES = [...READING_CODES, "ROLE_NOT_ALLOWED"] as const satisfies readonly ErrorCode[];

/** The OpenAPI 3.1 document of every route, made from the schemas and the code table that the service itself works by. */
export function describeApi() {
  const submission = {
    // The empty one is AUTH_MODE none.
    security: [{ identityToken: [] }, {}],
    parameters: [ref("parameters", "prefer"), ref("parameters", "idempotencyKey")],
    requestBody: { required: true, content: { "application/json": { schema: ref("schemas", "DraftRequest") } } },
  };
  const queued = { ...json("The draft is promised; its message is stored.", "Queued"), headers: LOCATION };
  return {
    openapi: "3.1.0",
    info: {
      title: "Draftmill",
      version: VERSION,
      summary: "Gmail drafts, made from requests.",
      description: `Every error is ${PROBLEM_MEDIA_TYPE} (RFC 9457); \`code\` is a row of x-error-codes, in this document.`,
    },
    paths: {
      "/": {
        post: {
          operationId: "makeDraft",
          summary: "Make a draft and wait for its id",
          description: "Waits 30 s for the draft unless Prefer says otherwise.",
          ...submission,
          responses: { 200: json("The draft is made.", "Made"), 202: queued, ...problems(SUBMISSION_CODES, true) },
        },
        get: {
          operationId: "showLanding",
          summary: "Where to go from here",
          responses: { 200: { description: "A page for browsers, JSON for everything else." } },
        },
      },
      "/v1/drafts": {
        post: {
          operationId: "queueDraft",
          summary: "Queue a draft",
          description: "Answers as soon as Pub/Sub holds the request, unless Prefer asks to wait.",
          ...submission,
          responses: {
            201: { ...json("The draft is made: the caller waited, or came again.", "Draft"), headers: LOCATION },
            202: queued,
            ...problems(SUBMISSION_CODES, true),
          },
        },
        get: {
          operationId: "listDrafts",
          summary: "List draft requests, newest first",
          description: "A caller in the role submit names one of its mailboxes.",
          security: submission.security,
          parameters: queryParameters(LIST_QUERY_SCHEMA),
          responses: {
            200: json("A page of records.", "DraftPage"),
            ...problems(["MAILBOX_NOT_ALLOWED", ...OPERATING_CODES]),
          },
        },
      },
      "/v1/drafts/{id}": {
        get: {
          operationId: "getDraft",
          summary: "What became of a draft request",
          description: "With `Prefer: wait=N` the answer comes when the request is settled.",
          security: submission.security,
          parameters: [ref("parameters", "id"), ref("parameters", "prefer")],
          responses: { 200: json("The record.", "Draft"), ...problems(["DRAFT_NOT_FOUND", ...READING_CODES]) },
        },
      },
      "/v1/failures": {
        get: {
          operationId: "listFailures",
          summary: "What failed, is parked or is dead, one by one or counted",
          security: submission.security,
          parameters: queryParameters(FAILURES_QUERY_SCHEMA),
          responses: {
            200: {
              description: "A page of records, state after state; with groupBy the counts.",
              content: {
                "application/json": {
                  schema: { anyOf: [ref("schemas", "DraftPage"), ref("schemas", "FailureGroups")] },
                },
              },
            },
            ...problems(OPERATING_CODES),
          },
        },
      },
      "/v1/replays": {
        post: {
          operationId: "replay",
          summary: "Take failed requests up again",
          description:
            "The service goes through every failure that fits and was there when the order came. A request whose draft exists gets no second one. Closes the incidents that it is about.",
          security: submission.security,
          requestBody: { required: true, content: { "application/json": { schema: ref("schemas", "ReplayOrder") } } },
          responses: {
            200: json("What it would do (dryRun).", "ReplayEstimate"),
            202: { ...json("It has begun.", "Replay"), headers: { location: { schema: { type: "string" } } } },
            ...problems(["REPLAY_INVALID", "BODY_MALFORMED", "MEDIA_TYPE_UNSUPPORTED", ...OPERATING_CODES]),
          },
        },
        get: {
          operationId: "listReplays",
          summary: "List replays, newest first",
          security: submission.security,
          parameters: queryParameters(REPLAYS_QUERY_SCHEMA),
          responses: { 200: json("A page of replays.", "ReplayPage"), ...problems(OPERATING_CODES) },
        },
      },
      "/v1/replays/{id}": {
        get: {
          operationId: "getReplay",
          summary: "How far a replay has got",
          security: submission.security,
          parameters: [ref("parameters", "id")],
          responses: { 200: json("The replay.", "Replay"), ...problems(["REPLAY_NOT_FOUND", ...OPERATING_CODES]) },
        },
      },
      "/v1/replays/{id}/cancel": {
        post: {
          operationId: "cancelReplay",
          summary: "Stop a replay; what it has taken up stays taken up",
          security: submission.security,
          parameters: [ref("parameters", "id")],
          responses: {
            200: json("It stops.", "Replay"),
            ...problems(["REPLAY_NOT_FOUND", "REPLAY_FINISHED", ...OPERATING_CODES]),
          },
        },
      },
      "/v1/incidents": {
        get: {
          operationId: "listIncidents",
          summary: "What an administrator has to mend, and what was mended",
          security: submission.security,
          parameters: queryParameters(INCIDENTS_QUERY_SCHEMA),
          responses: { 200: json("A page of incidents.", "IncidentPage"), ...problems(OPERATING_CODES) },
        },
      },
      "/health/live": {
        get: {
          operationId: "isLive",
          summary: "Whether the process serves",
          responses: { 200: json("It does.", "Health") },
        },
      },
      "/health/ready": {
        get: {
          operationId: "isReady",
          summary: "Whether draft requests can be accepted",
          responses: { 200: json("They can.", "Health"), 503: json("Not now.", "Health") },
        },
      },
      "/callers.schema.json": {
        get: {
          operationId: "describeCallers",
          summary: "JSON schema of the service's CALLERS_FILE",
          responses: { 200: { description: "JSON Schema 2020-12.", content: { "application/schema+json": {} } } },
        },
      },
      "/openapi.json": {
        get: {
          operationId: "describe",
          summary: "This document",
          responses: { 200: { description: "OpenAPI 3.1.", content: { "application/json": {} } } },
        },
      },
    },
    components: {
      securitySchemes: {
        identityToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description:
            "A Google identity token with a verified e-mail address, for an audience of the service. What its caller may do is the operator's to say (GET /callers.schema.json). Not asked for when AUTH_MODE is none.",
        },
      },
      parameters: PARAMETERS,
      schemas: {
        DraftRequest: REQUEST_SCHEMA,
        Draft: DRAFT_VIEW_SCHEMA,
        DraftPage: PAGE_SCHEMA,
        FailureGroups: FAILURE_GROUPS_SCHEMA,
        ReplayOrder: REPLAY_ORDER_SCHEMA,
        ReplayEstimate: REPLAY_ESTIMATE_SCHEMA,
        Replay: REPLAY_SCHEMA,
        ReplayPage: REPLAY_PAGE_SCHEMA,
        IncidentPage: INCIDENT_PAGE_SCHEMA,
        Queued: QUEUED_SCHEMA,
        Made: MADE_SCHEMA,
        Health: HEALTH_SCHEMA,
        Problem: PROBLEM_SCHEMA,
      },
    },
    "x-error-codes": ERROR_CODES,
  };
}

/** GET /openapi.json */
export function registerOpenapi(app: FastifyInstance): void {
  const document = JSON.stringify(describeApi());
  app.get("/openapi.json", async (_request, reply) => reply.type("application/json; charset=utf-8").send(document));
}

function queryParameters({
  properties,
}: {
  readonly properties: Readonly<Record<string, { readonly description: string }>>;
}) {
  return Object.entries(properties).map(([name, { description, ...schema }]) => {
    return { name, in: "query", description, schema };
  });
}

function ref(kind: string, name: string) {
  return { $ref: `#/components/${kind}/${name}` };
}

function json(description: string, schema: string) {
  return { description, content: { "application/json": { schema: ref("schemas", schema) } } };
}

function headersOf(status: number): { readonly headers?: object } {
  if (status === 429) return { headers: { ...RETRY_AFTER, ...RATE_LIMIT } };
  return status === 503 ? { headers: RETRY_AFTER } : {};
}

/** One response for each status. `later` adds that the draft's own failure is told with the same statuses. */
function problems(codes: readonly ErrorCode[], later = false): Record<string, unknown> {
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => {
      const also = later && (status === 422 || status === 503) ? "; or why the draft failed, when that is known" : "";
      const content = { [PROBLEM_MEDIA_TYPE]: { schema: ref("schemas", "Problem") } };
      return [status, { description: `${group.join(", ")}${also}`, content, ...headersOf(status) }];
    }),
  );
}
