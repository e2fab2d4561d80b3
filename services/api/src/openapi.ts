import { ERROR_CODES } from "@draftmill/shared/error-codes.ts";
import type { FastifyInstance } from "fastify";
import { BATCH_PATHS } from "./openapi-batches.ts";
import { COMPONENTS } from "./openapi-components.ts";
import { eitherJson, json, queryParameters, ref } from "./openapi-parts.ts";
import { OPERATING_CODES, problems, READING_CODES, SUBMISSION_CODES } from "./openapi-problems.ts";
import { PROBLEM_MEDIA_TYPE } from "./problem.ts";
import { LIST_QUERY_SCHEMA } from "./routes/drafts.ts";
import { FAILURES_QUERY_SCHEMA } from "./routes/failures.ts";
import { INCIDENTS_QUERY_SCHEMA } from "./routes/incidents.ts";
import { REPLAYS_QUERY_SCHEMA } from "./routes/replays.ts";

const VERSION = "1.0.0";

const LOCATION = { location: { schema: { type: "string" }, description: "Where to ask what became of the draft." } };

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
          operationId: "showConsole",
          summary: "The operator's console",
          description: "The page holds no data: its script calls what is described here.",
          responses: {
            200: { description: "A page for browsers; for everything else, as JSON, where to go from here." },
          },
        },
      },
      "/console/{name}": {
        get: {
          operationId: "getConsoleFile",
          summary: "A script or a style of the console",
          parameters: [{ name: "name", in: "path", required: true, schema: { type: "string" } }],
          responses: {
            200: { description: "The file.", content: { "text/javascript": {}, "text/css": {} } },
            304: { description: "As If-None-Match has it." },
            ...problems(["ROUTE_NOT_FOUND"]),
          },
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
          summary: "List draft requests, newest first, or count them",
          description: "A caller in the role submit names one of its mailboxes, and cannot count.",
          security: submission.security,
          parameters: queryParameters(LIST_QUERY_SCHEMA),
          responses: {
            200: eitherJson("A page of records; with groupBy the counts.", "DraftPage", "StateGroups"),
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
            200: eitherJson(
              "A page of records, state after state; with groupBy the counts.",
              "DraftPage",
              "FailureGroups",
            ),
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
      ...BATCH_PATHS,
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
      "/metrics": {
        get: {
          operationId: "readMetrics",
          summary: "Figures of this process, in Prometheus' text format",
          description: "Only for programs on the same machine, such as a sidecar; 404 for anybody else.",
          responses: { 200: { description: "The figures." }, ...problems(["ROUTE_NOT_FOUND"]) },
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
    components: COMPONENTS,
    "x-error-codes": ERROR_CODES,
  };
}

/** GET /openapi.json */
export function registerOpenapi(app: FastifyInstance): void {
  const document = JSON.stringify(describeApi());
  app.get("/openapi.json", async (_request, reply) => reply.type("application/json; charset=utf-8").send(document));
}
