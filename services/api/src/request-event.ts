import type { IncomingMessage } from "node:http";
import type { Clock } from "@draftmill/shared/clock.ts";
import { type Logger, traceFields } from "@draftmill/shared/log.ts";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Caller } from "./auth/identity.ts";

/** What a request adds to its one log event. Never a body, and an address only at level debug. */
export interface RequestEvent {
  readonly startedMs: number;
  /** Error code of the answer, if it is a problem. */
  code?: string;
  /** Id of the draft request that it is about. */
  id?: string;
  replayed?: boolean;
  caller?: Caller;
  /** Why the call was refused, where its answer does not say. */
  reason?: string;
  /** What a refused token says of itself. Only at level debug: addresses are in it. */
  claimed?: Readonly<Record<string, unknown>>;
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

/** One request that is over. */
export interface ObservedRequest {
  readonly method: string;
  /** The route's pattern, "none" where no route is meant. */
  readonly route: string;
  /** Undefined when the caller hung up before the answer. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly durationMs: number;
}

export type ObserveRequest = (request: ObservedRequest) => void;

export interface RequestLogOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: { readonly observeRequest: ObserveRequest };
  readonly project: string | undefined;
}

/**
 * Starts a request's event. It is written when the answer is sent, as `request.completed`, or when the caller hangs up
 * before that, as `request.aborted`.
 */
export function beginEvent(request: FastifyRequest, reply: FastifyReply, options: RequestLogOptions): void {
  request.event = { startedMs: options.clock.monotonicMs() };
  reply.header("x-request-id", request.id);
  // Fastify's onResponse and onRequestAbort both stay silent when a caller hangs up after its body has been read.
  const aborted = (): void => writeEvent("request.aborted", request, undefined, options);
  reply.raw.once("close", aborted).once("finish", () => {
    reply.raw.off("close", aborted);
    writeEvent("request.completed", request, reply.statusCode, options);
  });
}

function writeEvent(
  name: string,
  { id: requestId, method, headers, routeOptions, event }: FastifyRequest,
  status: number | undefined,
  { clock, log, project, metrics }: RequestLogOptions,
): void {
  const { startedMs, caller, claimed, ...rest } = event;
  const route = routeOptions.url ?? "none";
  const durationMs = clock.monotonicMs() - startedMs;
  metrics.observeRequest({ method, route, status, code: event.code, durationMs });
  const fields = {
    ...traceFields(readTraceparent(headers.traceparent), project),
    requestId,
    method,
    route,
    status,
    durationMs: Math.round(durationMs),
    ...rest,
    ...(log.isLevelEnabled("debug") ? { caller, claimed } : {}),
  };
  const isQuiet = (route.startsWith("/health/") || route === "/metrics") && status !== undefined && status < 500;
  log[isQuiet ? "debug" : "info"](fields, name);
}

/** Gives every request its event. */
export function logRequests(app: FastifyInstance, options: RequestLogOptions): void {
  app.decorateRequest("event");
  app.addHook("onRequest", (request, reply, done) => {
    beginEvent(request, reply, options);
    done();
  });
}
