/** What the local stack sets up on its Pub/Sub, by REST, so that it also works on Google's emulator. */
export interface Topology {
  /** http://host:port */
  readonly pubsubUrl: string;
  readonly project: string;
  /** Where the worker takes pushes: its URL without a path. */
  readonly workerUrl: string;
  /** Null for Google's emulator, which sends no token. */
  readonly push: { readonly audience: string; readonly serviceAccount: string } | null;
  /** What is one of many goes by it; made, with its subscription, only where it is given. */
  readonly batchTopic?: string | undefined;
  /** Made only where it is given. */
  readonly eventsTopic?: string | undefined;
  readonly maxDeliveryAttempts: number;
  readonly retry: { readonly minimumBackoff: string; readonly maximumBackoff: string };
}

export const DRAFTS_TOPIC = "draft-requests";
export const DEAD_LETTER_TOPIC = "draft-requests-dead-letter";
export const BATCH_TOPIC = "draft-requests-batch";
export const DRAFTS_SUBSCRIPTION = "draft-requests-push";
export const BATCH_SUBSCRIPTION = "draft-requests-batch-push";
/** Brings dead letters to the worker, which records them. */
export const DEAD_LETTER_PUSH_SUBSCRIPTION = "draft-requests-dead-letter-push";
/** Holds every dead letter until somebody pulls it. */
export const DEAD_LETTER_SUBSCRIPTION = "draft-requests-dead-letter-pull";

const CALL_TIMEOUT_MS = 10_000;

/** Creates topics and subscriptions that are missing, and points the push subscriptions at the worker as it listens now. */
export async function setUpTopics(topology: Topology): Promise<void> {
  const { retry, batchTopic } = topology;
  const deadLetterPushConfig = pushConfigOf(topology, "/dead-letters");
  await createUnlessThere(topology, `topics/${DRAFTS_TOPIC}`, {});
  await createUnlessThere(topology, `topics/${DEAD_LETTER_TOPIC}`, {});
  if (topology.eventsTopic !== undefined) await createUnlessThere(topology, `topics/${topology.eventsTopic}`, {});
  await createUnlessThere(topology, `subscriptions/${DEAD_LETTER_SUBSCRIPTION}`, {
    topic: topicIn(topology, DEAD_LETTER_TOPIC),
    ackDeadlineSeconds: 60,
    expirationPolicy: {},
  });
  await subscribeWorker(topology, DRAFTS_SUBSCRIPTION, DRAFTS_TOPIC);
  if (batchTopic !== undefined) {
    await createUnlessThere(topology, `topics/${batchTopic}`, {});
    await subscribeWorker(topology, BATCH_SUBSCRIPTION, batchTopic);
  }
  const made = await createUnlessThere(topology, `subscriptions/${DEAD_LETTER_PUSH_SUBSCRIPTION}`, {
    topic: topicIn(topology, DEAD_LETTER_TOPIC),
    ackDeadlineSeconds: 600,
    retryPolicy: retry,
    expirationPolicy: {},
    pushConfig: deadLetterPushConfig,
  });
  if (!made) await pointAt(topology, DEAD_LETTER_PUSH_SUBSCRIPTION, deadLetterPushConfig);
}

/** Has the requests of a topic pushed to the worker. */
async function subscribeWorker(topology: Topology, subscription: string, source: string): Promise<void> {
  const { retry, maxDeliveryAttempts } = topology;
  const pushConfig = pushConfigOf(topology, "/push");
  const made = await createUnlessThere(topology, `subscriptions/${subscription}`, {
    topic: topicIn(topology, source),
    ackDeadlineSeconds: 600,
    // Google's emulator loses exhausted messages of an ordered subscription; the embedded Pub/Sub does not.
    enableMessageOrdering: topology.push !== null,
    retryPolicy: retry,
    deadLetterPolicy: { deadLetterTopic: topicIn(topology, DEAD_LETTER_TOPIC), maxDeliveryAttempts },
    expirationPolicy: {},
    pushConfig,
  });
  if (!made) await pointAt(topology, subscription, pushConfig);
}

function topicIn({ project }: Topology, name: string): string {
  return `projects/${project}/topics/${name}`;
}

async function pointAt(topology: Topology, subscription: string, pushConfig: unknown): Promise<void> {
  await call(topology, "POST", `subscriptions/${subscription}:modifyPushConfig`, { pushConfig });
}

function pushConfigOf({ workerUrl, push }: Topology, path: string) {
  const pushEndpoint = `${workerUrl}${path}`;
  if (push === null) return { pushEndpoint };
  return { pushEndpoint, oidcToken: { serviceAccountEmail: push.serviceAccount, audience: push.audience } };
}

async function createUnlessThere(topology: Topology, resource: string, body: unknown): Promise<boolean> {
  return (await call(topology, "PUT", resource, body, [409])) !== 409;
}

async function call(
  { pubsubUrl, project }: Topology,
  method: string,
  resource: string,
  body: unknown,
  accepted: readonly number[] = [],
): Promise<number> {
  const response = await fetch(`${pubsubUrl}/v1/projects/${project}/${resource}`, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const answer = await response.text();
  if (response.ok || accepted.includes(response.status)) return response.status;
  throw new Error(`Pub/Sub refused ${method} ${resource} with ${response.status}: ${answer.slice(0, 500)}`);
}
