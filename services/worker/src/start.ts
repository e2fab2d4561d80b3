import { BATCHES } from "@draftmill/shared/batch/batch.ts";
import { BATCH_ORDERS } from "@draftmill/shared/batch/batch-order.ts";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { describeEnv, type Environment } from "@draftmill/shared/env.ts";
import { createIdTokenVerifier } from "@draftmill/shared/google-id-token.ts";
import { carryMetadata } from "@draftmill/shared/http/metadata-transport.ts";
import { INCIDENTS } from "@draftmill/shared/incident/incident.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLifecycle, openOrClose } from "@draftmill/shared/lifecycle.ts";
import { createLogger, type Logger } from "@draftmill/shared/log.ts";
import { requestTopics } from "@draftmill/shared/pubsub/request-topics.ts";
import { REPLAYS } from "@draftmill/shared/replay/replay.ts";
import { runReplays } from "@draftmill/shared/replay/run-replays.ts";
import { buildApp } from "./app.ts";
import { createBatchBoard } from "./batches/batch-board.ts";
import { carryOutOrders } from "./batches/carry-out-orders.ts";
import { completeBatches } from "./batches/complete-batches.ts";
import { ByteBudget } from "./byte-budget.ts";
import { readWorkerConfig, WORKER_VARIABLES, type WorkerConfig } from "./config.ts";
import type { DeadLetterPublisher } from "./dead-letter-publisher.ts";
import { BARE_MESSAGES } from "./dead-letters/bare-message.ts";
import { sourceIn } from "./events/cloud-event.ts";
import { createResultEvents } from "./events/result-events.ts";
import { openGmail } from "./gmail/open-gmail.ts";
import { createIncidentBoard } from "./incidents/incident-board.ts";
import { probeIncidents } from "./incidents/probe-incidents.ts";
import { takeUpParked } from "./incidents/take-up-parked.ts";
import { createAdaptivePacer } from "./pacing/adaptive-pacer.ts";
import { type PublisherOnDemand, publisherOnDemand } from "./publisher-on-demand.ts";
import { acceptAnyPush, createPushVerifier } from "./push/verify-push.ts";
import { lookAtDue } from "./sweep/look-at-due.ts";
import type { RequestPublisher } from "./sweep/request-publisher.ts";
import { openWorkerMetrics } from "./worker-metrics.ts";

export interface RunningWorker {
  readonly url: string;
  /** Takes no more pushes, lets those under way end, then closes what it opened. */
  close(): Promise<void>;
}

/** A publish that is not confirmed by then makes the delivery, or the sweep's step, one to be repeated. */
const PUBLISH_TIMEOUT_MS = 10_000;
/** Of messages whose mails are composed and on their way: each is held some four times over, as text, mail and JSON. */
const MAIL_BYTES_MAX = 32 * 1024 * 1024;

export interface WorkerOptions {
  readonly clock?: Clock;
  readonly log?: Logger;
  /** Opens the store in place of `openLedger`. */
  readonly openStore?: typeof openLedger;
  /** Carries the calls to Google in place of what GOOGLE_TRANSPORT says. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Builds the worker from its environment and listens. Throws `EnvironmentError` before anything is opened. */
export async function startWorker(environment: Environment, options: WorkerOptions = {}): Promise<RunningWorker> {
  const config = readWorkerConfig(environment);
  const { env } = config;
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLogger("worker", env.LOG_LEVEL);
  log.info({ config: describeEnv(WORKER_VARIABLES, env) }, "worker.starting");
  carryMetadata(env.GOOGLE_TRANSPORT);
  const lifecycle = createLifecycle();
  const stopping = new AbortController();
  return openOrClose(lifecycle, async () => {
    const store = await (options.openStore ?? openLedger)(env.LEDGER_URL, { clock, place: env });
    lifecycle.onClose(() => store.close());
    const deadLetters = openDeadLetters(config);
    lifecycle.onClose(() => deadLetters.close());
    const requests = openRequests(config);
    lifecycle.onClose(() => requests.close());
    const topic = env.EVENTS_TOPIC === undefined ? null : openPublisher(config, env.EVENTS_TOPIC, false);
    lifecycle.onClose(async () => topic?.close());
    const events = topic === null ? null : createResultEvents({ topic, source: sourceIn(config.project) });
    const leaseMs = env.CLAIM_LEASE_MS;
    const metrics = openWorkerMetrics();
    const ledger = new DraftLedger(store, { clock, leaseMs });
    const unitsPerMinuteMax = env.GMAIL_UNITS_PER_MINUTE;
    const pacer = createAdaptivePacer({ clock, random: Math.random, unitsPerMinuteMax });
    const gmail = openGmail({
      endpoints: env,
      serviceAccount: env.GOOGLE_SERVICE_ACCOUNT_EMAIL ?? null,
      scope: env.GMAIL_SCOPE,
      metadataOnly: env.GCE_METADATA_HOST !== undefined,
      timeoutMs: env.GOOGLE_TIMEOUT_MS,
      fetch: options.fetch ?? (env.GOOGLE_TRANSPORT === "fetch" ? globalThis.fetch : undefined),
      clock,
      onCall(call) {
        metrics.googleCall(call);
        // What one reads when drafts do not appear: each call with its status, timing and Google's reason.
        log.debug(call, "google.called");
      },
      onSpend: pacer.spend,
    });
    const incidents = ledger.documents(INCIDENTS);
    const replays = ledger.documents(REPLAYS);
    const orderingShards = env.ORDERING_SHARDS;
    const replayLeaseMs = env.REPLAY_LEASE_MS;
    const replaying = { ledger, replays, publisher: requests, orderingShards, replayLeaseMs, clock, log };
    const batching = { ledger, replays, orders: ledger.documents(BATCH_ORDERS) };
    const app = buildApp({
      ledger,
      gmail,
      pacer,
      incidents: createIncidentBoard({ incidents, clock, leaseMs, log }),
      batches: createBatchBoard(ledger.documents(BATCHES), clock),
      bareMessages: ledger.documents(BARE_MESSAGES),
      deadLetters,
      requests,
      orderingShards,
      mailBytes: new ByteBudget(MAIL_BYTES_MAX),
      events,
      chores: [
        {
          name: "due",
          run: (signal) => lookAtDue({ ledger, gmail, pacer, requests, events, orderingShards, log }, signal),
        },
        { name: "incidents", run: (signal) => probeIncidents({ incidents, gmail, clock, leaseMs, log }, signal) },
        { name: "parked", run: (signal) => takeUpParked({ ledger, incidents, replays, clock, leaseMs }, signal) },
        {
          name: "batches",
          run: (signal) => carryOutOrders({ ...batching, gmail, pacer, clock, leaseMs, log }, signal),
        },
        { name: "replays", run: (signal) => runReplays(replaying, signal) },
        { name: "completed", run: (signal) => completeBatches({ ledger, events, clock, log }, signal) },
      ],
      mailboxes: config.mailboxes,
      defaultMailbox: config.defaultMailbox,
      leaseMs,
      clock,
      random: Math.random,
      verifyPush: pushVerifier(config, clock),
      subscriptions: config.subscriptions,
      metrics,
      log,
      project: env.GOOGLE_CLOUD_PROJECT,
      stopping: stopping.signal,
    });
    lifecycle.onClose(async () => {
      stopping.abort();
      await app.close();
    });
    const url = await app.listen({ port: env.PORT, host: env.HOST });
    log.info({ url }, "worker.started");
    return {
      url,
      async close() {
        await lifecycle.close();
        log.info("worker.stopped");
      },
    };
  });
}

function openDeadLetters(config: WorkerConfig): DeadLetterPublisher {
  return openPublisher(config, config.env.DEAD_LETTER_TOPIC, false);
}

function openRequests(config: WorkerConfig): RequestPublisher {
  const { DRAFTS_TOPIC, BATCH_TOPIC, ORDERING_SHARDS } = config.env;
  const open = (topic: string) => openPublisher(config, topic, ORDERING_SHARDS > 0);
  return requestTopics(open(DRAFTS_TOPIC), BATCH_TOPIC === undefined ? null : open(BATCH_TOPIC));
}

function openPublisher({ env }: WorkerConfig, topic: string, ordered: boolean): PublisherOnDemand {
  return publisherOnDemand({
    topic,
    projectId: env.GOOGLE_CLOUD_PROJECT,
    emulatorHost: env.PUBSUB_EMULATOR_HOST,
    ordered,
    timeoutMs: PUBLISH_TIMEOUT_MS,
    by: env.PUBLISH_BY,
  });
}

function pushVerifier({ env, pushIdentity }: WorkerConfig, clock: Clock) {
  if (pushIdentity === null) return acceptAnyPush;
  const { audience, serviceAccount } = pushIdentity;
  const verifyIdToken = createIdTokenVerifier({ certsUrl: env.GOOGLE_CERTS_ENDPOINT, audiences: [audience], clock });
  return createPushVerifier(verifyIdToken, serviceAccount);
}
