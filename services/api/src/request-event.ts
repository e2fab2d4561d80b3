import type { IncomingMessage } from "node:http";
import type { Clock } from "@draftmill/shared/clock.ts";
import { type Logger, traceFields } from "@draftmill/shared/log.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "./auth.ts";

/** What a request adds to its one log event. Never a body, and an address only at level debug. */
export interface RequestEvent {
  readonly startedMs: number;
  /** Error code of the answer, if it is a problem. */
  code?: string;
  /** Id of the draft request that it is about. */
  id?: string;
  replayed?: boolean;
  caller?: Caller;
  requestBytes?: number;
}

declare module "fastify" {
  interface FastifyRequest {
    event: RequestEvent;
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;
/** https://cloud.google.com/trace/docs/trace-context#legacy-http-header */
const CLOUD_TRACE = /^([\da-f]{32})(?:\/|;|$)/i;

/** The caller's trace context, if it is well-formed: what a stranger sends must not make a publish fail. */
export function readTraceparent(header: string | string[] | undefined): string | undefined {
  return typeof header === "string" && TRACEPARENT.test(header) ? header : undefined;
}

/** The request's id is its trace's, so that one search finds both; without a trace it is a new one. */
export function requestIdFrom(newId: () => string): (request: IncomingMessage) => string {
  return ({ headers }) => {
    const trace = readTraceparent(headers.traceparent)?.split("-")[1];
    const legacy = headers["x-cloud-trace-context"];
    return trace ?? (typeof legacy === "string" ? CLOUD_TRACE.exec(legacy)?.[1] : undefined) ?? newId();
  };
}

/** Starts the event of a request. Fastify runs no hook for a URL that it cannot read, so its handler calls this itself. */
export function beginEvent(request: FastifyRequest, clock: Clock): void {
  request.event = { startedMs: clock.monotonicMs() };
}

/** Writes one event for each request, `request.completed`, or `request.aborted` when the caller went away first. */
export function logRequests(
  app: FastifyInstance,
  { clock, log, project }: { readonly clock: Clock; readonly log: Logger; readonly project: string | undefined },
): void {
  const withCaller = log.isLevelEnabled("debug");
  const fieldsOf = (request: FastifyRequest, reply: FastifyReply) => ({
    ...traceFields(readTraceparent(request.headers.traceparent), project),
    requestId: request.id,
    method: request.method,
    route: request.routeOptions.url ?? "none",
    status: reply.statusCode,
    durationMs: Math.round(clock.monotonicMs() - request.event.startedMs),
    code: request.event.code,
    id: request.event.id,
    replayed: request.event.replayed,
    requestBytes: request.event.requestBytes,
    ...(withCaller ? { caller: request.event.caller } : {}),
  });

  app.decorateRequest("event");
  app.addHook("onRequest", async (request, reply) => {
    beginEvent(request, clock);
    reply.header("x-request-id", request.id);
  });
  app.addHook("onResponse", async (request, reply) => {
    const isProbe = request.routeOptions.url?.startsWith("/health/") === true && reply.statusCode < 500;
    log[isProbe ? "debug" : "info"](fieldsOf(request, reply), "request.completed");
  });
  app.addHook("onRequestAbort", async (request) => {
    log.info(
      { requestId: request.id, route: request.routeOptions.url ?? "none", id: request.event.id },
      "request.aborted",
    );
  });
}
