import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createLifecycle, openOrClose } from "@draftmill/shared/lifecycle.ts";
import { postCommand } from "./example-request.ts";
import { type GoogleOptions, type SandboxGoogle, startGoogle } from "./google/start-google.ts";
import { createIdTokenSigner, type IdTokenSigner } from "./id-token-signer.ts";
import { type EmbeddedPubsub, type PubsubOptions, startPubsub } from "./pubsub/start-pubsub.ts";
import { type LogEvent, type ServiceName, startServiceProcess } from "./service-process.ts";
import { type SupervisedService, supervise } from "./supervised-service.ts";
import { type SweepTimer, startSweepTimer } from "./sweep-timer.ts";
import { BATCH_SUBSCRIPTION, BATCH_TOPIC, setUpTopics } from "./topics.ts";

export interface LocalStackOptions {
  /** Where all state lies. */
  readonly dataDir: string;
  /** Fixed ports; 0 takes a free one. */
  readonly ports: { readonly api: number; readonly worker: number; readonly pubsub: number; readonly google: number };
  /** host:port of Google's Pub/Sub emulator, to use it in place of the embedded one. */
  readonly pubsubEmulatorHost?: string;
  /** Settings of the user's own Google; null runs the sandbox Google. */
  readonly realGoogle: Readonly<Record<string, string>> | null;
  /** Added to the environment of both services. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly google?: Partial<GoogleOptions>;
  readonly pubsub?: Partial<PubsubOptions>;
  readonly retry?: { readonly minimumBackoff: string; readonly maximumBackoff: string };
  /** After how many attempts Pub/Sub gives a request up; 100 if not given. */
  readonly maxDeliveryAttempts?: number;
  /** How often the worker is told to sweep; a minute if not given, 0 for never. */
  readonly sweepEveryMs?: number;
  readonly onEvent: (service: ServiceName, event: LogEvent) => void;
}

/** The whole product on one machine: the real api and worker as processes, over the wire. */
export interface LocalStack {
  readonly apiUrl: string;
  readonly pubsubUrl: string;
  readonly project: string;
  readonly api: SupervisedService;
  readonly worker: SupervisedService;
  /** Null when Google's emulator is used. */
  readonly pubsub: EmbeddedPubsub | null;
  /** Null with real Google. */
  readonly google: SandboxGoogle | null;
  /** One sweep of the worker, now. */
  readonly sweep: SweepTimer["sweep"];
  close(): Promise<void>;
}

export const LOCAL_PROJECT = "draftmill-local";
/** Whose mailbox the drafts of a first try land in. */
export const LOCAL_MAILBOX = "ada@example.com";
const PUSH_AUDIENCE = "https://draftmill-worker.local";

/** Starts everything and resolves once a request would become a draft. */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const { dataDir, ports } = options;
  mkdirSync(dataDir, { recursive: true });
  const lifecycle = createLifecycle();
  return openOrClose(lifecycle, async () => {
    const signer = await createIdTokenSigner(join(dataDir, "signer.pem"));
    // The api's address is known last, and the sandbox's page speaks of it.
    let apiUrl = "";
    const google = options.realGoogle === null ? await startSandbox(options, signer, () => postCommand(apiUrl)) : null;
    if (google !== null) lifecycle.onClose(() => google.close());
    const pubsub = options.pubsubEmulatorHost === undefined ? await startEmbedded(options, signer) : null;
    if (pubsub !== null) lifecycle.onClose(() => pubsub.close());

    const project = options.realGoogle?.GOOGLE_CLOUD_PROJECT ?? google?.projectId ?? LOCAL_PROJECT;
    const pushServiceAccount = `push@${project}.iam.gserviceaccount.com`;
    const pubsubHost = pubsub?.hostPort ?? options.pubsubEmulatorHost ?? "";
    const shared = {
      LEDGER_URL: `sqlite:${join(dataDir, "ledger.db")}`,
      HOST: "127.0.0.1",
      BATCH_TOPIC,
      ...sandboxMailboxes(google),
      ...google?.environment(),
      ...options.realGoogle,
      ...options.environment,
      GOOGLE_CLOUD_PROJECT: project,
      PUBSUB_EMULATOR_HOST: pubsubHost,
    };
    const pushSettings =
      pubsub === null
        ? { PUSH_AUTH_MODE: "none" }
        : { PUSH_AUDIENCE, PUSH_SERVICE_ACCOUNT: pushServiceAccount, GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl };

    const ordering: Record<string, string> = options.pubsubEmulatorHost === undefined ? {} : { ORDERING_SHARDS: "0" };

    const start = async (name: ServiceName, port: number, settings: Record<string, string>) => {
      const service = await supervise(
        (knownPort) =>
          startServiceProcess(name, {
            environment: { ...shared, ...settings, PORT: String(knownPort ?? port) },
            onEvent: (event) => options.onEvent(name, event),
          }),
        (code) => options.onEvent(name, { severity: "WARNING", message: `${name}.died`, code, next: "started again" }),
      );
      lifecycle.onClose(() => service.close());
      return service;
    };
    const [worker, api] = await allOrFirstFailure([
      start("worker", ports.worker, { ...ordering, ...pushSettings, BATCH_SUBSCRIPTION }),
      start("api", ports.api, { ...ordering, AUTH_MODE: "none" }),
    ]);
    apiUrl = api.url;

    const push = pubsub === null ? null : { audience: PUSH_AUDIENCE, serviceAccount: pushServiceAccount };
    await setUpTopics({
      pubsubUrl: `http://${pubsubHost}`,
      project,
      workerUrl: worker.url,
      push,
      batchTopic: shared.BATCH_TOPIC || undefined,
      eventsTopic: options.environment?.EVENTS_TOPIC,
      maxDeliveryAttempts: options.maxDeliveryAttempts ?? 100,
      retry: options.retry ?? { minimumBackoff: "10s", maximumBackoff: "600s" },
    });
    const sweeps = startSweepTimer({
      workerUrl: () => worker.url,
      push,
      signer,
      everyMs: options.sweepEveryMs ?? 60_000,
      onFailure: (reason) => options.onEvent("worker", { severity: "WARNING", message: "sweep.failed", reason }),
    });
    lifecycle.onClose(() => sweeps.close());
    return {
      apiUrl,
      pubsubUrl: `http://${pubsubHost}`,
      project,
      api,
      worker,
      pubsub,
      google,
      sweep: sweeps.sweep,
      close: () => lifecycle.close(),
    };
  });
}

/** Waits for both whatever happens, so that what did start is known to the lifecycle before it closes. */
async function allOrFirstFailure<A, B>(starting: readonly [Promise<A>, Promise<B>]): Promise<readonly [A, B]> {
  await Promise.allSettled(starting);
  return Promise.all(starting);
}

async function startSandbox(
  { dataDir, ports, google }: LocalStackOptions,
  signer: IdTokenSigner,
  tryCommand: () => string,
) {
  return startGoogle({ statePath: join(dataDir, "google.db"), signer, port: ports.google, tryCommand, ...google });
}

async function startEmbedded({ dataDir, ports, pubsub }: LocalStackOptions, signer: IdTokenSigner) {
  return startPubsub({ statePath: join(dataDir, "pubsub.db"), signer, port: ports.pubsub, ...pubsub });
}

/** In the sandbox every mailbox of the example domain exists and may be drafted for. */
function sandboxMailboxes(google: SandboxGoogle | null): Record<string, string> {
  if (google === null) return {};
  return {
    GMAIL_USER: LOCAL_MAILBOX,
    MAILBOXES: "@example.com",
    GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
  };
}
