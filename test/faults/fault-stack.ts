import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type GoogleOptions, type SandboxGoogle, startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { type EmbeddedPubsub, type PubsubOptions, startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { type LogEvent, type ServiceName, startServiceProcess } from "@draftmill/local/service-process.ts";
import { type SupervisedService, supervise } from "@draftmill/local/supervised-service.ts";
import { startSweepTimer } from "@draftmill/local/sweep-timer.ts";
import {
  BATCH_SUBSCRIPTION,
  DEAD_LETTER_PUSH_SUBSCRIPTION,
  DRAFTS_SUBSCRIPTION,
  setUpTopics,
  type Topology,
} from "@draftmill/local/topics.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLifecycle, openOrClose } from "@draftmill/shared/lifecycle.ts";
import { openTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

export interface FaultStackOptions {
  /** How long a claim holds; 3 s unless given. Google's deadline is a sixth of it. */
  readonly leaseMs?: number;
  /** The wall clock of each worker, as it is off the machine's; one worker with the right time unless given. */
  readonly workerClocksMs?: readonly number[];
  /** With BATCH_TOPIC it has that topic and its subscription, too. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly pubsub?: Partial<PubsubOptions>;
  readonly google?: Partial<GoogleOptions>;
  /** Of the subscriptions; from 0.1 s to 0.4 s unless given. */
  readonly retry?: Topology["retry"];
  /** Where its files are, in a folder of their own; the system's place for them unless given. */
  readonly filesIn?: string;
  /** host:port and an unused project of Google's Firestore emulator; SQLite unless given. */
  readonly firestore?: { readonly hostPort: string; readonly project: string };
  /** From 0 to 1, for what the lines leave to chance. */
  readonly random?: () => number;
}

/** The lines between the parts. */
export interface Lines {
  /** api → Pub/Sub, gRPC */
  readonly publish: TcpProxy;
  /** Pub/Sub → worker; with several workers its connections go to them in turn. */
  readonly push: TcpProxy;
  /** worker → Google: metadata, signJwt, tokens, Gmail */
  readonly google: TcpProxy;
  /** worker → Pub/Sub, gRPC: dead letters */
  readonly letters: TcpProxy;
  /** api and worker → Firestore's emulator; goes nowhere with SQLite. */
  readonly ledger: TcpProxy;
}

/** The whole product with a line that can fail between any two parts; api and workers are processes. */
export interface FaultStack {
  readonly google: SandboxGoogle;
  readonly lines: Lines;
  readonly api: SupervisedService;
  readonly workers: readonly SupervisedService[];
  /** The first of them. */
  readonly worker: SupervisedService;
  /** From here on pushes go to these workers only; the connections that are open are cut. */
  pushTo(workers: readonly SupervisedService[]): Promise<void>;
  /** The ledger itself, not through any line. */
  readonly ledger: DraftLedger;
  /** What is below it, for records as something has left them. */
  readonly store: Ledger;
  readonly folder: string;
  readonly project: string;
  /** Those that push to the workers. */
  readonly subscriptions: readonly string[];
  /** Where a strike of a worker against itself is ordered. */
  readonly strikePath: string;
  /** What runs now; `restartPubsub` puts another in its place. */
  pubsub(): EmbeddedPubsub;
  /** Closes it with what it holds on disk; resolves with what starts it again, at the same address. */
  stopPubsub(): Promise<() => Promise<void>>;
  /** Of both services, as they came, with which of the workers it was. */
  readonly events: readonly (LogEvent & {
    readonly from: ServiceName;
    readonly instance: number;
    readonly atMs: number;
  })[];
  /** Waits until a service has logged an event that fits, counting those of the past. */
  logged(fits: (event: LogEvent) => boolean): Promise<LogEvent & { readonly atMs: number }>;
  /** The same, of events that are still to come. */
  next(fits: (event: LogEvent) => boolean): Promise<LogEvent & { readonly atMs: number }>;
  sweep(): Promise<Readonly<Record<string, unknown>>>;
  finish(): Promise<void>;
}

const DEFAULT_LEASE_MS = 3_000;
/** A sweep that stands at a struck step would stand there for its whole time: the next one comes to what became due meanwhile. */
const SWEEP_TIMEOUT_MS = 20_000;
const ENTRY = fileURLToPath(new URL("./service-under-fault.ts", import.meta.url));
const AUDIENCE = "https://draftmill-worker.test";

export async function startFaultStack(options: FaultStackOptions = {}): Promise<FaultStack> {
  const { leaseMs = DEFAULT_LEASE_MS, random = Math.random, firestore, workerClocksMs = [0] } = options;
  const lifecycle = createLifecycle();
  return openOrClose(lifecycle, async () => {
    const folder = await mkdtemp(join(options.filesIn ?? tmpdir(), "draftmill-faults-"));
    lifecycle.onClose(() => rm(folder, { recursive: true, force: true }));
    const signer = await createIdTokenSigner();
    const project = firestore?.project ?? "draftmill-faults";
    const google = await startGoogle({ statePath: ":memory:", signer, projectId: project, ...options.google });
    lifecycle.onClose(() => google.close());
    const startBroker = (port: number) =>
      startPubsub({ statePath: join(folder, "pubsub.db"), signer, port, pushBackoff: false, ...options.pubsub });
    let pubsub = await startBroker(0);
    lifecycle.onClose(() => pubsub.close());
    const { hostPort: pubsubHost, url: pubsubUrl, certsUrl } = pubsub;

    let workerHosts: readonly string[] = [];
    const open = async (targets: () => readonly string[]): Promise<TcpProxy> => {
      const line = await openTcpProxy({ targets, random });
      lifecycle.onClose(() => line.close());
      return line;
    };
    const lines: Lines = {
      publish: await open(() => [pubsubHost]),
      push: await open(() => workerHosts),
      google: await open(() => [new URL(google.url).host]),
      letters: await open(() => [pubsubHost]),
      ledger: await open(() => (firestore === undefined ? [] : [firestore.hostPort])),
    };

    const strikePath = join(folder, "strike");
    const pusher = `push@${project}.iam.gserviceaccount.com`;
    const ledgerUrl = firestore === undefined ? `sqlite:${join(folder, "ledger.db")}` : "firestore:";
    const shared = {
      LEDGER_URL: ledgerUrl,
      ...(firestore === undefined ? {} : { FIRESTORE_EMULATOR_HOST: lines.ledger.hostPort }),
      HOST: "127.0.0.1",
      GMAIL_USER: "ada@example.com",
      MAILBOXES: "@example.com",
      CLAIM_LEASE_MS: String(leaseMs),
      GOOGLE_CLOUD_PROJECT: project,
    };
    const events: (LogEvent & { from: ServiceName; instance: number; atMs: number })[] = [];
    const waiters = new Set<() => void>();
    const onEvent = (from: ServiceName, instance: number, event: LogEvent): void => {
      events.push({ ...event, from, instance, atMs: Date.now() });
      for (const wake of waiters) wake();
    };
    const loggedSince = async (first: number, fits: (event: LogEvent) => boolean) => {
      for (;;) {
        const found = events.slice(first).find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((wake) => waiters.add(wake));
      }
    };
    const start = async (name: ServiceName, settings: Readonly<Record<string, string>>, instance = 0) => {
      const service = await supervise(
        (port) =>
          startServiceProcess(name, {
            entry: ENTRY,
            environment: { ...shared, ...settings, ...options.environment, PORT: String(port ?? 0) },
            onEvent: (event) => onEvent(name, instance, event),
          }),
        () => onEvent(name, instance, { message: `${name}.died` }),
      );
      lifecycle.onClose(() => service.close());
      return service;
    };
    const workerSettings = {
      ...throughLine(google, lines.google),
      PUBSUB_EMULATOR_HOST: lines.letters.hostPort,
      GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
      GOOGLE_CERTS_ENDPOINT: certsUrl,
      PUSH_AUDIENCE: AUDIENCE,
      PUSH_SERVICE_ACCOUNT: pusher,
      GOOGLE_TIMEOUT_MS: String(leaseMs / 6),
      BATCH_SUBSCRIPTION,
      STRIKE_ORDER: strikePath,
    };
    const [api, ...workers] = await Promise.all([
      start("api", { PUBSUB_EMULATOR_HOST: lines.publish.hostPort, AUTH_MODE: "none" }),
      ...workerClocksMs.map((offset, instance) =>
        start("worker", { ...workerSettings, CLOCK_OFFSET_MS: String(offset) }, instance),
      ),
    ]);
    const [worker] = workers;
    if (worker === undefined) throw new Error("a stack needs a worker");
    const hostsOf = (some: readonly SupervisedService[]): string[] => some.map(({ url }) => new URL(url).host);
    workerHosts = hostsOf(workers);
    const push = { audience: AUDIENCE, serviceAccount: pusher };
    const retry = options.retry ?? { minimumBackoff: "0.1s", maximumBackoff: "0.4s" };
    const { EVENTS_TOPIC: eventsTopic, BATCH_TOPIC: batchTopic } = options.environment ?? {};
    const topology = { pubsubUrl, project, workerUrl: lines.push.url, push, retry, batchTopic, eventsTopic };
    await setUpTopics({ ...topology, maxDeliveryAttempts: 100 });
    const sweeps = startSweepTimer({
      workerUrl: () => worker.url,
      push,
      signer,
      everyMs: 0,
      timeoutMs: SWEEP_TIMEOUT_MS,
      onFailure: () => {},
    });
    lifecycle.onClose(() => sweeps.close());
    const place = {
      FIRESTORE_ENDPOINT: "https://firestore.googleapis.com",
      FIRESTORE_EMULATOR_HOST: firestore?.hostPort,
      GOOGLE_CLOUD_PROJECT: project,
    };
    const store = await openLedger(ledgerUrl, { clock: systemClock, place });
    const ledger = new DraftLedger(store, { clock: systemClock, leaseMs });
    lifecycle.onClose(() => ledger.close());
    return {
      google,
      lines,
      api,
      workers,
      worker,
      async pushTo(some) {
        workerHosts = hostsOf(some);
        await lines.push.refuse();
        await lines.push.accept();
      },
      ledger,
      store,
      folder,
      project,
      subscriptions: [
        DRAFTS_SUBSCRIPTION,
        DEAD_LETTER_PUSH_SUBSCRIPTION,
        ...(batchTopic === undefined ? [] : [BATCH_SUBSCRIPTION]),
      ],
      strikePath,
      pubsub: () => pubsub,
      async stopPubsub() {
        await pubsub.close();
        return async () => {
          pubsub = await startBroker(Number(new URL(pubsubUrl).port));
        };
      },
      events,
      logged: (fits) => loggedSince(0, fits),
      next: (fits) => loggedSince(events.length, fits),
      sweep: sweeps.sweep,
      async finish() {
        await lifecycle.close();
        if (google.violations.length > 0) throw new Error(`the sandbox saw: ${google.violations.join("; ")}`);
      },
    };
  });
}

/** What points the worker at the sandbox, by way of the line. */
function throughLine(google: SandboxGoogle, line: TcpProxy): Record<string, string> {
  const { host } = new URL(google.url);
  const moved = Object.entries(google.environment()).map(([name, value]) => [name, value.replace(host, line.hostPort)]);
  return Object.fromEntries(moved);
}
