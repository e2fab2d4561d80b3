import { decodePush } from "@draftmill/shared/contract/pushed-message.ts";
import { DraftError, toDraftError } from "@draftmill/shared/errors.ts";
import { isOwnMachine } from "@draftmill/shared/own-machine.ts";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { logLetter } from "./dead-letters/letter-log.ts";
import { letterStatusOf, settleDeadLetter } from "./dead-letters/settle-dead-letter.ts";
import { logDelivery } from "./delivery-log.ts";
import { HUNG_UP } from "./hand-back.ts";
import { statusOf } from "./outcome.ts";
import { type ProcessDeps, processDraft } from "./process-draft.ts";
import { expectSubscription, type PushSubscriptions } from "./push/expect-subscription.ts";
import type { VerifyPush } from "./push/verify-push.ts";
import { type SweepDeps, sweep } from "./sweep/sweep.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

export interface WorkerDeps extends ProcessDeps, SweepDeps {
  readonly verifyPush: VerifyPush;
  readonly subscriptions: PushSubscriptions;
  readonly metrics: WorkerMetrics;
  readonly project: string | undefined;
  /** Aborts when the process is to stop: what waits gives up and is delivered again. */
  readonly stopping: AbortSignal;
}

/** A 10 MB message, the most that Pub/Sub carries, in base64 and its envelope. */
const BODY_LIMIT = 15 * 1024 * 1024;
/** An id that no request has: reading it shows that the ledger answers. */
const READINESS_ID = "-";
/** How long a delivery may wait for its turn; the subscription's ack deadline and Cloud Run's timeout are 600 s. */
const HOLD_MAX_MS = 540_000;

/** The worker as a Fastify instance: the only file that knows HTTP. Never listens by itself. */
export function buildApp(deps: WorkerDeps): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    // An attribute may have any name. To refuse the push for it would be to have it delivered for ever.
    onProtoPoisoning: "remove",
    onConstructorPoisoning: "ignore",
    return503OnClosing: true,
    forceCloseConnections: "idle",
    // Node swaps the two limits when headersTimeout exceeds requestTimeout, and looks every 30 s unless told otherwise.
    requestTimeout: 60_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 },
    // A path that cannot be decoded: no hook and no handler of ours would see it.
    frameworkErrors: answerNotFound,
  });

  app.addHook("onSend", async (_request, reply) => {
    // A connection that idles after its last answer would hold close() back.
    if (deps.stopping.aborted) reply.header("connection", "close");
  });

  app.get("/health/live", async () => ({ status: "live" }));
  app.get("/health/ready", async (_request, reply) => {
    if (deps.stopping.aborted) return reply.code(503).send({ status: "stopping" });
    try {
      await deps.ledger.get(READINESS_ID);
      return { status: "ready" };
    } catch {
      return reply.code(503).send({ status: "unready", checks: { ledger: false } });
    }
  });

  const verified = { onRequest: async ({ headers }: FastifyRequest) => deps.verifyPush(headers.authorization) };

  app.post("/push", verified, async (request, reply) => {
    const startedMs = deps.clock.monotonicMs();
    expectSubscription(request.body, deps.subscriptions.drafts);
    const pushed = decodePush(request.body);
    // What was decoded has all of it, and may wait for minutes: a base64 of up to 13 MB.
    request.body = undefined;
    deps.metrics.deliveryBegins();
    const delivered = await processDraft(deps, pushed, holdOf(deps, reply));
    const status = statusOf(delivered.outcome);
    const durationMs = deps.clock.monotonicMs() - startedMs;
    deps.metrics.deliveryEnds(delivered.outcome, durationMs);
    logDelivery(deps, { pushed, ...delivered, status, durationMs });
    return reply.code(status).send();
  });

  app.post("/dead-letters", verified, async (request, reply) => {
    const startedMs = deps.clock.monotonicMs();
    expectSubscription(request.body, deps.subscriptions.deadLetters);
    const pushed = decodePush(request.body);
    const { requestId, outcome } = await settleDeadLetter(deps, pushed, holdOf(deps, reply));
    const status = letterStatusOf(outcome);
    deps.metrics.deadLetter(outcome);
    logLetter(deps, { pushed, requestId, outcome, status, durationMs: deps.clock.monotonicMs() - startedMs });
    return reply.code(status).send();
  });

  app.post("/sweep", verified, async () => {
    const report = await sweep(deps, deps.stopping);
    deps.metrics.sweep(report);
    return report;
  });

  // For a collector on this machine, as the sidecar of Cloud Run is one. For anybody else there is no such route.
  app.get("/metrics", async (request, reply) => {
    if (!isOwnMachine(request.socket.remoteAddress, request.headers)) return answerNotFound(null, request, reply);
    const { registry } = deps.metrics;
    return reply.type(registry.contentType).send(await registry.metrics());
  });

  app.setNotFoundHandler((request, reply) => answerNotFound(null, request, reply));
  app.setErrorHandler(async (error, _request, reply) => {
    const failure = requestFailure(error);
    const details = failure.cause === undefined ? {} : { err: failure.cause };
    deps.metrics.pushRefused(failure.code);
    deps.log.warn({ code: failure.code, reason: failure.reason, remedy: failure.remedy, ...details }, "push.refused");
    // No detail for a caller that has not proved who it is; Pub/Sub reads the status only.
    return reply.code(failure.status).send();
  });
  return app;
}

/** Ends what a delivery waits for: with the process, with its request, or when Pub/Sub is about to give it up. */
function holdOf({ stopping }: WorkerDeps, reply: FastifyReply): AbortSignal {
  const over = new AbortController();
  const end = (): void => over.abort(HOLD_OVER);
  // Not AbortSignal.timeout: its timer would outlive the request by minutes, and a busy instance has many.
  const timer = setTimeout(end, HOLD_MAX_MS);
  stopping.addEventListener("abort", end, { once: true });
  if (stopping.aborted) end();
  reply.raw.once("close", () => {
    clearTimeout(timer);
    stopping.removeEventListener("abort", end);
    over.abort(HUNG_UP);
  });
  return over.signal;
}

/** Made once: each delivery ends so, and a reason with a trace of its own costs a tenth of a draft (measured). */
const HOLD_OVER = new DOMException("The delivery is over", "AbortError");

function answerNotFound(_error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.code(404).send();
}

/** Fastify's own refusals (too large, not JSON) are of the request; anything else is ours. */
function requestFailure(error: unknown): DraftError {
  const isRefusal =
    error instanceof Error && "statusCode" in error && typeof error.statusCode === "number" && error.statusCode < 500;
  return isRefusal ? new DraftError("PUSH_MALFORMED", { reason: error.message }) : toDraftError(error);
}
