import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SandboxGoogle, startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { startSweepTimer } from "@draftmill/local/sweep-timer.ts";
import { DEAD_LETTER_PUSH_SUBSCRIPTION, DRAFTS_SUBSCRIPTION, setUpTopics } from "@draftmill/local/topics.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import type { Lifecycle } from "@draftmill/shared/lifecycle.ts";
import { type FrontDoor, openFrontDoor } from "./front-door.ts";
import { scriptGoogle, scriptOneOfEach } from "./google-faults.ts";
import type { Scene } from "./scene.ts";
import { openTopics, type SoakTopics } from "./soak-topics.ts";
import { buildWorker, type Mutation } from "./worker-build.ts";
import { startFleet, type WorkerFleet } from "./worker-fleet.ts";

export interface StageOptions {
  readonly scene: Scene;
  /** How many calls to Google have their fate scripted; those beyond go well. */
  readonly calls: number;
  /** What the first worker does, of which two creates go wrong, so that it has run what that takes; 0 for none. */
  readonly warmUp: number;
  readonly mutations: readonly Mutation[];
  /** host:port of Google's Firestore emulator, with nothing in it yet; null for SQLite. */
  readonly firestore: string | null;
  readonly chance: () => number;
  readonly onEvent: (event: Readonly<Record<string, unknown>>) => void;
}

/** The product with everything around it: workers as processes, one at first, and the rest in this one. */
export interface Stage {
  readonly google: SandboxGoogle;
  readonly fleet: WorkerFleet;
  readonly door: FrontDoor;
  readonly ledger: DraftLedger;
  readonly topics: SoakTopics;
  /** One sweep by one of the workers. False when it did not end well. */
  sweep(): Promise<boolean>;
  /** Whether no message waits or is out. */
  isQueueEmpty(): Promise<boolean>;
}

const PROJECT = "soak";
/** No quota that would be felt: a new worker feels its way to the usual one for longer than it lives here. */
const UNITS_PER_MINUTE = 1_000_000;
const PUSH = { audience: "https://worker.soak", serviceAccount: "push@soak.iam.gserviceaccount.com" };

export async function openStage(options: StageOptions, lifecycle: Lifecycle): Promise<Stage> {
  const { scene, chance } = options;
  const folder = await mkdtemp(join(tmpdir(), "draftmill-soak-"));
  lifecycle.onClose(() => rm(folder, { recursive: true }));
  const script = await buildWorker(join(folder, "worker"), options.mutations);

  const signer = await createIdTokenSigner();
  const google = await startGoogle({
    statePath: ":memory:",
    signer,
    projectId: PROJECT,
    unitsPerMinute: UNITS_PER_MINUTE,
  });
  lifecycle.onClose(() => google.close());
  if (options.warmUp > 0) scriptOneOfEach(google.faults, options.warmUp);
  scriptGoogle(google.faults, options.calls, { rates: scene.google, leaseMs: scene.leaseMs }, chance);
  const pushWindow = { initial: scene.pushWindow, max: scene.pushWindow, min: scene.pushWindow };
  const pubsub = await startPubsub({ statePath: ":memory:", signer, pushBackoff: false, pushWindow });
  lifecycle.onClose(() => pubsub.close());

  const environment = {
    ...google.environment(),
    PORT: "0",
    HOST: "127.0.0.1",
    GOOGLE_CLOUD_PROJECT: PROJECT,
    GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
    MAILBOXES: "@example.com",
    PUBSUB_EMULATOR_HOST: pubsub.hostPort,
    PUSH_AUDIENCE: PUSH.audience,
    PUSH_SERVICE_ACCOUNT: PUSH.serviceAccount,
    GMAIL_UNITS_PER_MINUTE: String(UNITS_PER_MINUTE),
    CLAIM_LEASE_MS: String(scene.leaseMs),
    REPLAY_LEASE_MS: String(scene.leaseMs),
    GOOGLE_TIMEOUT_MS: String(Math.floor(scene.leaseMs / 6)),
    GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl,
    ...(options.firestore === null
      ? { LEDGER_URL: `sqlite:${join(folder, "ledger.db")}` }
      : { LEDGER_URL: "firestore:", FIRESTORE_EMULATOR_HOST: options.firestore }),
  };
  const fleet = await startFleet({ script, environment, onEvent: options.onEvent });
  lifecycle.onClose(() => fleet.close());
  const door = await openFrontDoor(fleet, scene.door, chance);
  lifecycle.onClose(() => door.close());
  const retry = { minimumBackoff: "0.1s", maximumBackoff: "0.5s" };
  const topology = { pubsubUrl: pubsub.url, project: PROJECT, workerUrl: door.url, push: PUSH, retry };
  await setUpTopics({ ...topology, maxDeliveryAttempts: 100 });
  const sweeps = startSweepTimer({ workerUrl: () => door.url, push: PUSH, signer, everyMs: 0, onFailure: () => {} });
  lifecycle.onClose(() => sweeps.close());
  const place = { FIRESTORE_ENDPOINT: "https://firestore.googleapis.com", ...environment };
  const store = await openLedger(environment.LEDGER_URL, { clock: systemClock, place });
  lifecycle.onClose(() => store.close());
  return {
    google,
    fleet,
    door,
    ledger: new DraftLedger(store, { clock: systemClock, leaseMs: scene.leaseMs }),
    topics: openTopics({ pubsubUrl: pubsub.url, project: PROJECT, mailboxes: scene.mailboxes }),
    sweep: () =>
      sweeps.sweep().then(
        () => true,
        () => false,
      ),
    async isQueueEmpty() {
      for (const name of [DRAFTS_SUBSCRIPTION, DEAD_LETTER_PUSH_SUBSCRIPTION]) {
        // One that is empty says so at once.
        const isEmpty = await pubsub.idle(name, AbortSignal.timeout(1)).then(
          () => true,
          () => false,
        );
        if (!isEmpty) return false;
      }
      return true;
    },
  };
}
