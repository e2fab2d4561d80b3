import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import type { MailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import { describeEnv, type Environment, isLoopback } from "@draftmill/shared/env.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { newIdsFor, openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLifecycle, openOrClose } from "@draftmill/shared/lifecycle.ts";
import { createLogger, type Logger } from "@draftmill/shared/log.ts";
import { topicPublishers } from "@draftmill/shared/pubsub/request-topics.ts";
import { openTopicPublisher, type TopicPublisher } from "@draftmill/shared/pubsub/topic-publisher.ts";
import { openApiMetrics } from "./api-metrics.ts";
import { buildApp } from "./app.ts";
import { openAuthentication } from "./auth/authenticate.ts";
import type { Admission } from "./callers/admit-caller.ts";
import { type CallersFile, openCallersFile } from "./callers/callers-file.ts";
import { DraftsPerDay, RESERVED_DRAFTS } from "./callers/drafts-per-day.ts";
import { API_VARIABLES, type ApiEnv, type CallerSettings, readApiConfig } from "./config.ts";
import { PUBLISH_TIMEOUT_MS, PubsubPublisher } from "./pubsub-publisher.ts";

export interface RunningApi {
  /** Where it listens, as http://host:port. */
  readonly url: string;
  /** Takes no more requests, answers those that are open, lets their publishes end, then closes what it opened. */
  close(): Promise<void>;
}

/** Builds the api from its environment and listens. Throws `EnvironmentError` before anything is opened. */
export async function startApi(
  environment: Environment,
  options: { readonly clock?: Clock; readonly log?: Logger } = {},
): Promise<RunningApi> {
  const { env, mailboxes, defaultMailbox, callers } = readApiConfig(environment);
  const clock = options.clock ?? systemClock;
  const log = options.log ?? createLogger("api", env.LOG_LEVEL);
  log.info({ config: { ...describeEnv(API_VARIABLES, env), MAILBOXES: listMailboxes(mailboxes) } }, "api.starting");
  if (env.AUTH_MODE === "none" && env.ALLOW_UNAUTHENTICATED) log.warn({ host: env.HOST }, "api.unauthenticated");
  // Google's libraries are loaded when they are needed, which with a pool is time enough.
  if (env.GOOGLE_TRANSPORT === "fetch")
    (await import("@draftmill/shared/http/metadata-transport.ts")).carryMetadata(env.GOOGLE_TRANSPORT);
  const lifecycle = createLifecycle();
  return openOrClose(lifecycle, async () => {
    const callersFile =
      callers.mode === "none" ? null : await openCallersFile({ path: callers.callersFile, clock, log });
    lifecycle.onClose(() => callersFile?.close());
    const store = await openLedger(env.LEDGER_URL, { clock, place: env });
    lifecycle.onClose(() => store.close());
    const topics = await openRequestTopics(env);
    lifecycle.onClose(() => topics.close());
    const ledger = new DraftLedger(store, { clock, leaseMs: env.CLAIM_LEASE_MS });
    const publisher = new PubsubPublisher(topics, clock);
    const draftsPerDay = new DraftsPerDay(ledger.documents(RESERVED_DRAFTS), clock);
    // Whatever comes of it: what is not given back is lost to its caller's day, and to nothing else.
    lifecycle.onClose(() => draftsPerDay.close().catch((error) => log.warn({ err: error }, "drafts-per-day.kept")));
    const app = buildApp({
      ledger,
      metrics: openApiMetrics(ledger, clock),
      publisher,
      mailboxes,
      defaultMailbox,
      orderingShards: env.ORDERING_SHARDS,
      replayLeaseMs: env.REPLAY_LEASE_MS,
      unitsPerMinute: env.GMAIL_UNITS_PER_MINUTE,
      draftsPerDay,
      admission: await admissionOf(callers, callersFile, env, clock),
      refusesPages: env.AUTH_MODE === "none" && isLoopback(env.HOST),
      dependencies: [
        { name: "ledger", check: () => answers(ledger) },
        { name: "publisher", check: async () => publisher.isHealthy() },
        // For information: with a faulty file the policy before it goes on, and it is no reason to serve nobody.
        ...(callersFile === null
          ? []
          : [{ name: "callers", isNeeded: false, check: async () => callersFile.isInForce() }]),
      ],
      clock,
      newId: newIdsFor(env.LEDGER_URL),
      log,
      project: env.GOOGLE_CLOUD_PROJECT,
    });
    lifecycle.onClose(() => app.close());
    const url = await app.listen({ port: env.PORT, host: env.HOST });
    log.info({ url }, "api.started");
    return {
      url,
      async close() {
        await lifecycle.close();
        log.info("api.stopped");
      },
    };
  });
}

async function admissionOf(
  callers: CallerSettings,
  file: CallersFile | null,
  { GOOGLE_CERTS_ENDPOINT: certsUrl }: ApiEnv,
  clock: Clock,
): Promise<Admission> {
  if (callers.mode === "none") return { kind: "everybody" };
  if (file === null) throw new Error("callers are asked for without a policy");
  const { mode, audiences } = callers;
  const authentication = await openAuthentication({ mode, audiences, certsUrl, clock });
  return { kind: "callers", authentication, policy: file.policy };
}

async function openRequestTopics(env: ApiEnv): Promise<TopicPublisher> {
  const open = (topic: string) =>
    openTopicPublisher({
      topic,
      projectId: env.GOOGLE_CLOUD_PROJECT,
      emulatorHost: env.PUBSUB_EMULATOR_HOST,
      ordered: env.ORDERING_SHARDS > 0,
      timeoutMs: PUBLISH_TIMEOUT_MS,
      by: env.PUBLISH_BY,
    });
  const requests = await open(env.DRAFTS_TOPIC);
  return topicPublishers(requests, env.BATCH_TOPIC === undefined ? null : await open(env.BATCH_TOPIC));
}

async function answers(ledger: DraftLedger): Promise<boolean> {
  try {
    await ledger.get("health-ready");
    return true;
  } catch {
    return false;
  }
}

function listMailboxes({ addresses, domains }: MailboxPolicy): string[] {
  return [...addresses, ...[...domains].map((domain) => `@${domain}`)];
}
