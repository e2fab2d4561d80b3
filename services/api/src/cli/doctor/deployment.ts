import { GoogleRefused } from "@draftmill/shared/doctor/google-apis.ts";
import { listAt, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import type { Trail } from "@draftmill/shared/doctor/probe.ts";
import { SERVICE_VARIABLES } from "@draftmill/shared/service-variables.ts";
import type { OperatorContext } from "./operator-context.ts";

/** The real names of everything, as the two services were deployed with them. */
export interface Deployment {
  readonly api: DeployedService;
  readonly worker: DeployedService;
  readonly doctorJob: string;
  readonly sweepJob: string;
  /** E-mail addresses of the service accounts; `delegated` is the one that signs. */
  readonly accounts: {
    readonly api: string;
    readonly worker: string;
    readonly push: string;
    readonly delegated: string;
  };
  readonly pushAudience: string | null;
  /** The way of what comes alone, then that of batches where there is one. */
  readonly requests: readonly RequestSource[];
  readonly deadLetterTopic: string;
  readonly eventsTopic: string | null;
  readonly deadLetterSubscription: string;
  readonly ledgerUrl: string;
}

/** A topic of requests, and what brings them to the worker. */
export interface RequestSource {
  readonly topic: string;
  /** Null where the worker names none: it refuses what is pushed from there. */
  readonly subscription: string | null;
}

export interface DeployedService {
  readonly name: string;
  /** As Cloud Run tells it; null when there is none. */
  readonly service: unknown;
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Reads the names out of the services' own environments, with the documented defaults for what does not stand there: what a service
 * uses counts, and not what its resources ought to be called.
 */
export async function readDeployment(context: OperatorContext, trail: Trail): Promise<Deployment> {
  const { project, prefix } = context;
  const [api, worker] = await Promise.all([
    readService(context, trail, `${prefix}-api`),
    readService(context, trail, `${prefix}-worker`),
  ]);
  const account = (name: string): string => `${prefix}-${name}@${project}.iam.gserviceaccount.com`;
  const workerAccount = textAt(worker.service, "template", "serviceAccount") ?? account("worker");
  const { env } = worker;
  return {
    api,
    worker,
    doctorJob: `${prefix}-doctor`,
    sweepJob: `${prefix}-sweep`,
    accounts: {
      api: textAt(api.service, "template", "serviceAccount") ?? account("api"),
      worker: workerAccount,
      push: env.PUSH_SERVICE_ACCOUNT ?? account("push"),
      delegated: env.GOOGLE_SERVICE_ACCOUNT_EMAIL ?? workerAccount,
    },
    pushAudience: env.PUSH_AUDIENCE ?? null,
    requests: requestSources(api.env, env),
    deadLetterTopic: shortName(env.DEAD_LETTER_TOPIC ?? "draft-requests-dead-letter"),
    eventsTopic: env.EVENTS_TOPIC === undefined ? null : shortName(env.EVENTS_TOPIC),
    deadLetterSubscription: shortName(env.DEAD_LETTER_SUBSCRIPTION ?? "draft-requests-dead-letter-push"),
    ledgerUrl: env.LEDGER_URL ?? SERVICE_VARIABLES.LEDGER_URL.fallback,
  };
}

function requestSources(api: DeployedService["env"], worker: DeployedService["env"]): readonly RequestSource[] {
  const topic = api.DRAFTS_TOPIC ?? worker.DRAFTS_TOPIC ?? SERVICE_VARIABLES.DRAFTS_TOPIC.fallback;
  const alone = {
    topic: shortName(topic),
    subscription: shortName(worker.DRAFTS_SUBSCRIPTION ?? "draft-requests-push"),
  };
  const ofBatches = api.BATCH_TOPIC ?? worker.BATCH_TOPIC;
  if (ofBatches === undefined) return [alone];
  const subscription = worker.BATCH_SUBSCRIPTION === undefined ? null : shortName(worker.BATCH_SUBSCRIPTION);
  return [alone, { topic: shortName(ofBatches), subscription }];
}

/** The subscriptions of requests that there ought to be. */
export function subscriptionsOf({ requests }: Deployment): readonly string[] {
  return requests.flatMap(({ subscription }) => subscription ?? []);
}

export function servicePath({ project, region }: OperatorContext, name: string): string {
  return `/v2/projects/${project}/locations/${region}/services/${name}`;
}

async function readService(context: OperatorContext, trail: Trail, name: string): Promise<DeployedService> {
  const call = { api: "run.googleapis.com", path: servicePath(context, name) };
  // Whether it can be read is a probe's question; here its defaults do.
  const quiet = { note: () => {}, signal: trail.signal };
  const service = await context.google.find(call, quiet).catch((error: unknown) => {
    if (error instanceof GoogleRefused) return null;
    throw error;
  });
  const variables = listAt(service, "template", "containers", 0, "env");
  const env = Object.fromEntries(
    variables.flatMap((one) => {
      const variable = textAt(one, "name");
      const value = textAt(one, "value");
      return variable === null || value === null || value === "" ? [] : [[variable, value]];
    }),
  );
  return { name, service, env };
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
