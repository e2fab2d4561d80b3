import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SandboxGoogle, startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner, type IdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type EmbeddedPubsub, startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { type LogEvent, type ServiceProcess, startServiceProcess } from "@draftmill/local/service-process.ts";
import { createLifecycle, type Lifecycle } from "@draftmill/shared/lifecycle.ts";

export const MAILBOX = "ada@example.com";
export const SUBSCRIPTION = "projects/demo/subscriptions/draft-requests-push";
const AUDIENCE = "https://worker.example/push";
const PUSHER = "push@demo.iam.gserviceaccount.com";
const CALL_TIMEOUT_MS = 30_000;

/** What a worker needs around it: Google, a Pub/Sub for its dead letters, a folder. The test itself does the pushing. */
export interface Surroundings {
  readonly google: SandboxGoogle;
  readonly pubsub: EmbeddedPubsub;
  readonly signer: IdTokenSigner;
  readonly environment: Readonly<Record<string, string>>;
  /** The dead letters that nobody has read yet, acknowledged as they are read. */
  deadLetters(): Promise<readonly Readonly<Record<string, string>>[]>;
  readonly lifecycle: Lifecycle;
}

export interface WorkerUnderTest extends ServiceProcess {
  /** Each line of its log so far. */
  readonly events: readonly LogEvent[];
  /** A bearer token of the subscription, its claims changed as told. */
  token(changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** POST /push, or another path, with a good token unless the headers say otherwise; resolves with the status. */
  push(body: unknown, headers?: Readonly<Record<string, string>>, path?: string): Promise<number>;
}

export async function startSurroundings(): Promise<Surroundings> {
  const lifecycle = createLifecycle();
  const folder = await mkdtemp(join(tmpdir(), "draftmill-worker-"));
  lifecycle.onClose(() => rm(folder, { recursive: true }));
  const signer = await createIdTokenSigner();
  const google = await startGoogle({ statePath: ":memory:", signer, projectId: "demo" });
  lifecycle.onClose(() => google.close());
  const pubsub = await startPubsub({ statePath: ":memory:", signer });
  lifecycle.onClose(() => pubsub.close());
  const call = async (method: string, path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`${pubsub.url}/v1/projects/demo/${path}`, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    return answer.json();
  };
  await call("PUT", "topics/draft-requests-dead-letter", {});
  await call("PUT", "subscriptions/letters", { topic: "projects/demo/topics/draft-requests-dead-letter" });
  return {
    google,
    pubsub,
    signer,
    lifecycle,
    environment: {
      ...google.environment(),
      PORT: "0",
      HOST: "127.0.0.1",
      GOOGLE_CLOUD_PROJECT: "demo",
      GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
      GMAIL_USER: MAILBOX,
      MAILBOXES: "@example.com",
      PUBSUB_EMULATOR_HOST: pubsub.hostPort,
      PUSH_AUDIENCE: AUDIENCE,
      PUSH_SERVICE_ACCOUNT: PUSHER,
      LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
      LOG_LEVEL: "debug",
    },
    async deadLetters() {
      const pulled = await call("POST", "subscriptions/letters:pull", { maxMessages: 100, returnImmediately: true });
      const { receivedMessages = [] } = pulled as {
        receivedMessages?: { ackId: string; message: { attributes: Record<string, string> } }[];
      };
      const ackIds = receivedMessages.map(({ ackId }) => ackId);
      if (ackIds.length > 0) await call("POST", "subscriptions/letters:acknowledge", { ackIds });
      return receivedMessages.map(({ message }) => message.attributes);
    },
  };
}

/** A worker as a process of its own among these surroundings. Stop it. */
export async function startWorkerProcess(
  { environment, signer }: Surroundings,
  changes: Readonly<Record<string, string>> = {},
): Promise<WorkerUnderTest> {
  const events: LogEvent[] = [];
  const service = await startServiceProcess("worker", {
    environment: { ...environment, ...changes },
    onEvent: (event) => events.push(event),
  });
  const token = (claims: Readonly<Record<string, unknown>> = {}): Promise<string> => {
    const nowSeconds = Math.floor(Date.now() / 1_000);
    return signer.sign({
      iss: "https://accounts.google.com",
      aud: AUDIENCE,
      sub: "1234",
      email: PUSHER,
      email_verified: true,
      iat: nowSeconds,
      exp: nowSeconds + 3_600,
      ...claims,
    });
  };
  return {
    ...service,
    events,
    token,
    async push(body, headers = {}, path = "/push") {
      const answer = await fetch(`${service.url}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${await token()}`, ...headers },
        body: typeof body === "string" ? body : JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      await answer.arrayBuffer();
      return answer.status;
    },
  };
}

let messages = 0;

/** The body of a push as Pub/Sub sends it, with a new messageId unless one is given. */
export function pushOf(request: unknown, changes: Readonly<Record<string, unknown>> = {}) {
  messages += 1;
  const text = typeof request === "string" ? request : JSON.stringify(request);
  return {
    subscription: SUBSCRIPTION,
    deliveryAttempt: 1,
    message: {
      messageId: `${9_000_000_000 + messages}`,
      publishTime: "2026-11-22T09:30:00Z",
      data: Buffer.from(text).toString("base64"),
      ...changes,
    },
  };
}
