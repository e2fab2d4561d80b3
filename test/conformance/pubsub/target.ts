import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type EmbeddedPubsub, type PubsubOptions, startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { type CreateSubscriptionOptions, PubSub, type Subscription, type Topic } from "@google-cloud/pubsub";
import type { PubsubEmulator } from "../../support/pubsub-emulator.ts";
import { type DifferenceId, EMULATOR_DIFFERENCES } from "./emulator-differences.ts";

export const PROJECT = "demo";

/** A Pub/Sub under test, and what must be known to test it. */
export interface PubsubTarget {
  readonly kind: "embedded" | "emulator";
  readonly url: string;
  /** The unmodified client library. */
  readonly client: PubSub;
  /** The shortest that it takes, so that a test of it need not last. */
  readonly ackDeadlineSeconds: number;
  /** Resolves when a subscription delivers nothing any more. */
  quiet(subscription: string): Promise<void>;
  close(): Promise<void>;
}

/** Push backoff is off and deadlines may be short: both have tests of their own, by the clock. */
export async function startEmbeddedTarget(
  options: Partial<PubsubOptions> = {},
): Promise<PubsubTarget & { pubsub: EmbeddedPubsub }> {
  const signer = await createIdTokenSigner();
  const pubsub = await startPubsub({
    statePath: ":memory:",
    signer,
    random: () => 0,
    minAckDeadlineSeconds: 1,
    pushBackoff: false,
    ...options,
  });
  const client = connect(pubsub.hostPort);
  return {
    kind: "embedded",
    url: pubsub.url,
    client,
    pubsub,
    ackDeadlineSeconds: 1,
    quiet: (subscription) => pubsub.idle(subscription),
    async close() {
      await client.close();
      await pubsub.close();
    },
  };
}

/** The emulator cannot be asked what is left; its first redelivery comes after a second, so two and a half are silence. */
export function emulatorTarget(emulator: PubsubEmulator): PubsubTarget {
  const client = connect(emulator.hostPort);
  return {
    kind: "emulator",
    url: `http://${emulator.hostPort}`,
    client,
    ackDeadlineSeconds: 5,
    quiet: () => new Promise((resolve) => setTimeout(resolve, 2_500)),
    async close() {
      await client.close();
      await emulator.stop();
    },
  };
}

const consulted = new Set<string>();

/** What this target is to do where the real service does `real`. */
export function expected<T extends string | number | boolean>(
  target: PubsubTarget,
  id: DifferenceId,
  real: T,
): T | string | number | boolean {
  const row = EMULATOR_DIFFERENCES[id];
  if (row.real !== real) throw new Error(`${id}: the suite says ${real}, the table ${row.real}`);
  consulted.add(id);
  return target.kind === "emulator" ? row.emulator : real;
}

/** Rows of the table that no test has looked at. */
export function unconsulted(): string[] {
  return Object.keys(EMULATOR_DIFFERENCES).filter((id) => !consulted.has(id));
}

let made = 0;

/** Names of its own for each test: all run at once on one target. */
export async function aTopic(target: PubsubTarget): Promise<Topic> {
  made += 1;
  const [topic] = await target.client.createTopic(`topic-${made}`);
  return topic;
}

export async function aSubscription(topic: Topic, options: CreateSubscriptionOptions = {}): Promise<Subscription> {
  made += 1;
  const [subscription] = await topic.createSubscription(`subscription-${made}`, options);
  return subscription;
}

/** Every field of an answer that a test looks at. */
export interface RestBody {
  readonly name: string;
  readonly subscriptions: readonly string[];
  readonly nextPageToken?: string;
  readonly messageIds: readonly string[];
  readonly receivedMessages?: readonly {
    readonly ackId: string;
    readonly message: { readonly data: string; readonly messageId: string };
  }[];
  readonly error: { readonly code: number; readonly status: string; readonly message: string };
}

/** A call in JSON, as gcloud makes it. */
export async function rest(
  target: Pick<PubsubTarget, "url">,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: RestBody }> {
  const response = await fetch(`${target.url}/v1/projects/${PROJECT}/${path}`, {
    method,
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  const answer: RestBody = JSON.parse(await response.text());
  return { status: response.status, body: answer };
}

function connect(hostPort: string): PubSub {
  // Else the auth library looks for Google's metadata server, although an emulator needs no credentials.
  process.env.METADATA_SERVER_DETECTION = "none";
  return new PubSub({ projectId: PROJECT, apiEndpoint: hostPort, emulatorMode: true });
}
