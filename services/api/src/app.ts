import { DraftError } from "@draftmill/shared/errors.ts";
import { foreignPage } from "@draftmill/shared/foreign-page.ts";
import Fastify, { type FastifyInstance } from "fastify";
import type { WaitDeps } from "./accept-draft.ts";
import type { ApiMetrics } from "./api-metrics.ts";
import { limitBodyTime } from "./body-deadline.ts";
import { type Admission, admitCallers } from "./callers/admit-caller.ts";
import { createErrorHandler, handleNotFound } from "./error-handler.ts";
import { acceptJsonOnly } from "./json-body.ts";
import { LAZY_SCHEMAS } from "./lazy-schemas.ts";
import { refuseOddFraming } from "./message-framing.ts";
import { registerOpenapi } from "./openapi.ts";
import { beginEvent, logRequests, requestIdFrom } from "./request-event.ts";
import { registerBatches } from "./routes/batches.ts";
import { registerCallersSchema } from "./routes/callers-schema.ts";
import { registerConsole } from "./routes/console.ts";
import { registerDrafts } from "./routes/drafts.ts";
import { registerFailures } from "./routes/failures.ts";
import { type Dependency, registerHealth } from "./routes/health.ts";
import { registerImports } from "./routes/imports.ts";
import { registerIncidents } from "./routes/incidents.ts";
import { registerMetrics } from "./routes/metrics.ts";
import { registerReplays } from "./routes/replays.ts";
import { registerRootDraft } from "./routes/root-draft.ts";
import type { SubmitDeps } from "./submit-draft.ts";
import { handleUnreadable } from "./unreadable-request.ts";

export interface AppDeps extends SubmitDeps {
  readonly replayLeaseMs: number;
  /** Gmail's quota of one user. */
  readonly unitsPerMinute: number;
  readonly admission: Admission;
  /** Refuses what a foreign web page may have sent: for a loopback address that asks nobody who they are. */
  readonly refusesPages: boolean;
  /** What GET /health/ready asks. */
  readonly dependencies: readonly Dependency[];
  readonly metrics: ApiMetrics;
  /** For the trace links of log events. */
  readonly project: string | undefined;
}

/** Pub/Sub takes 10 MB in one message (https://cloud.google.com/pubsub/quotas#resource_limits). */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024;
const NO_PAGE = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * The whole HTTP interface, which never listens. `close()` first ends every wait and refuses what still comes over open
 * connections, then resolves once every open request is answered.
 */
export function buildApp(deps: AppDeps): FastifyInstance {
  const stop = new AbortController();
  const handleError = createErrorHandler(deps.log);
  const unreadable = handleUnreadable(deps);
  const app = Fastify({
    // One event for each request is ours to write; see logRequests.
    logger: false,
    genReqId: requestIdFrom(deps.newId),
    bodyLimit: BODY_LIMIT_BYTES,
    // What comes slowly is limited by limitBodyTime, as not every body is limited alike; Node looks only every 30 s by default.
    requestTimeout: 0,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000, requireHostHeader: false },
    clientErrorHandler: (error, socket) => unreadable.refuse(error, socket),
    // Ours says the same as a problem, from the hook below.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 128 },
    // Query strings are all that Fastify validates here; bodies go through parseDraftRequest.
    schemaController: LAZY_SCHEMAS,
    ajv: { customOptions: { coerceTypes: true, removeAdditional: false, useDefaults: true, allErrors: true } },
    frameworkErrors: (error, request, reply) => {
      // No hook runs for a URL that Fastify cannot read.
      beginEvent(request, reply, deps);
      return handleError(error, request, reply);
    },
  });

  acceptJsonOnly(app);
  logRequests(app, deps);
  // The one hook of every request that is async: nothing is answered before the parser has read on, and failed where it must. Of two
  // refusals of one request the second would be taken for the answer to the next.
  app.addHook("onRequest", async (request, reply) => {
    unreadable.noteOpen(request, reply);
    refuseOddFraming(request, reply);
  });
  limitBodyTime(app, unreadable);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler(handleNotFound);
  app.addHook("preClose", async () => stop.abort());
  if (deps.refusesPages) {
    app.addHook("onRequest", ({ method, headers }, _reply, done) => {
      const reason = foreignPage(method, headers);
      if (reason !== null) throw new DraftError("FOREIGN_PAGE", { reason });
      done();
    });
  }
  app.addHook("onSend", (_request, reply, _payload, done) => {
    reply.header("x-content-type-options", "nosniff");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
    // An answer that is opened as a page is one that can do nothing.
    if (!reply.hasHeader("content-security-policy")) reply.header("content-security-policy", NO_PAGE);
    // A connection that idles after its last answer would hold close() back.
    if (stop.signal.aborted) reply.header("connection", "close");
    done();
  });

  registerHealth(app, deps.dependencies, stop.signal);
  registerOpenapi(app);
  registerCallersSchema(app);
  registerMetrics(app, deps.metrics.registry);
  registerConsole(app);
  void app.register((guarded, _options, done) => {
    guarded.addHook("onRequest", (_request, _reply, next) => {
      if (stop.signal.aborted) throw new DraftError("SHUTTING_DOWN");
      next();
    });
    admitCallers(guarded, deps.admission, deps.clock);
    const draftDeps: SubmitDeps & WaitDeps = { ...deps, stopping: stop.signal };
    registerRootDraft(guarded, draftDeps);
    registerDrafts(guarded, draftDeps);
    registerFailures(guarded, deps);
    registerReplays(guarded, { ...draftDeps, replayLeaseMs: deps.replayLeaseMs });
    registerIncidents(guarded, deps);
    registerBatches(guarded, deps);
    registerImports(guarded, { ...deps, stopping: stop.signal });
    done();
  });
  return app;
}
