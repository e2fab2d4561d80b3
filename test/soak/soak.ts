import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { startSweepTimer } from "@draftmill/local/sweep-timer.ts";
import { DEAD_LETTER_PUSH_SUBSCRIPTION, DRAFTS_SUBSCRIPTION, setUpTopics } from "@draftmill/local/topics.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLifecycle, type Lifecycle } from "@draftmill/shared/lifecycle.ts";
import { allRecords, readBooks } from "../support/books.ts";
import { chanceOf } from "../support/chance.ts";
import { type Reckoning, reckon } from "../support/reckoning.ts";
import { type FrontDoor, openFrontDoor } from "./front-door.ts";
import { scriptCreates } from "./google-faults.ts";
import { quantile, RecoveryTimes } from "./recovery-times.ts";
import { buildWorker, type Mutation } from "./worker-build.ts";
import { startFleet } from "./worker-fleet.ts";

export interface SoakOptions {
  readonly requests: number;
  readonly kills: number;
  readonly workers: number;
  readonly seed: number;
  /** Time between two kills on average, in milliseconds. */
  readonly killEveryMs: number;
  readonly mutations?: readonly Mutation[];
  /** Added to the workers' environment: another ledger, say. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The run is broken off when this much time has gone by; what is not done counts as lost. */
  readonly withinMs: number;
  readonly onProgress?: (line: string) => void;
}

export interface SoakFigures extends Reckoning {
  readonly seconds: number;
  readonly kills: number;
  readonly duplicatePushes: number;
  readonly lostAcks: number;
  /** Requests with more than one draft before the sweep went over them. */
  readonly duplicatedBeforeSweep: number;
  readonly extrasDeleted: number;
  /** Drafts that a later attempt found instead of making another. */
  readonly found: number;
  readonly creates: number;
  /** From the death of a worker to the draft of a request that it had under way. */
  readonly recoveryMedianMs: number;
  readonly recoveryWorstMs: number;
}

const LEASE_MS = 3_000;
const MAILBOXES = 8;
const PROJECT = "soak";
const PUSH = { audience: "https://worker.soak", serviceAccount: "push@soak.iam.gserviceaccount.com" };
const CALL_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 50;
/** So many requests are open at a time: the work lasts as long as the kills do. */
const AHEAD = 100;

/** The share of the work left for each kill that a worker does before it, on average: the kills are over first. */
const WORK_OF_A_LIFE = 0.75;
/** What the first worker does, in peace, so that the others need not compile again what it has run. */
const WARM_UP = 20;

/** Runs the whole of it and reckons. Everything that chance decides follows from the seed, but not when the processes run. */
export async function runSoak(options: SoakOptions): Promise<SoakFigures> {
  const lifecycle = createLifecycle();
  try {
    return await soak(options, lifecycle);
  } finally {
    await lifecycle.close();
  }
}

async function soak(options: SoakOptions, lifecycle: Lifecycle): Promise<SoakFigures> {
  const { requests, seed, onProgress = () => {} } = options;
  const startedMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), "draftmill-soak-"));
  lifecycle.onClose(() => rm(folder, { recursive: true }));
  const script = join(folder, "worker.mjs");
  await buildWorker(script, options.mutations);

  const signer = await createIdTokenSigner();
  const google = await startGoogle({ statePath: ":memory:", signer, projectId: PROJECT, unitsPerMinute: 1_000_000 });
  lifecycle.onClose(() => google.close());
  const chance = chanceOf(seed);
  scriptCreates(google.faults, 2 * requests, { throttled: 0.05, unavailable: 0.03, appliedThenCut: 0.05 }, chance);
  const pubsub = await startPubsub({
    statePath: ":memory:",
    signer,
    pushBackoff: false,
    pushWindow: { initial: 24, max: 24 },
  });
  lifecycle.onClose(() => pubsub.close());

  const recoveries = new RecoveryTimes();
  let settled = 0;
  let found = 0;
  let extrasDeleted = 0;
  const environment = {
    ...google.environment(),
    NODE_COMPILE_CACHE: join(folder, "cache"),
    PORT: "0",
    HOST: "127.0.0.1",
    GOOGLE_CLOUD_PROJECT: PROJECT,
    GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
    MAILBOXES: "@example.com",
    PUBSUB_EMULATOR_HOST: pubsub.hostPort,
    PUSH_AUDIENCE: PUSH.audience,
    PUSH_SERVICE_ACCOUNT: PUSH.serviceAccount,
    LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
    CLAIM_LEASE_MS: String(LEASE_MS),
    GOOGLE_TIMEOUT_MS: "500",
    GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl,
    ...options.environment,
  };
  const fleet = await startFleet({
    script,
    environment,
    onEvent(event) {
      if (event.message === "draft.settled" && event.outcome === "created") {
        settled += 1;
        recoveries.done(String(event.requestId));
        if (event.found === true) found += 1;
      }
      if (event.message === "draft.extra-deleted") extrasDeleted += 1;
    },
  });
  lifecycle.onClose(() => fleet.close());
  const door: FrontDoor = await openFrontDoor(fleet, { lostAck: 0.02, duplicate: 0.03 }, chance);
  lifecycle.onClose(() => door.close());
  const retry = { minimumBackoff: "0.1s", maximumBackoff: "0.5s" };
  const topology = { pubsubUrl: pubsub.url, project: PROJECT, workerUrl: door.url, push: PUSH, retry };
  await setUpTopics({ ...topology, maxDeliveryAttempts: 100 });
  const sweeps = startSweepTimer({ workerUrl: () => door.url, push: PUSH, signer, everyMs: 0, onFailure: () => {} });
  lifecycle.onClose(() => sweeps.close());
  const store = await openLedger(environment.LEDGER_URL, {
    clock: systemClock,
    place: { FIRESTORE_ENDPOINT: "https://firestore.googleapis.com", ...environment },
  });
  lifecycle.onClose(() => store.close());
  const ledger = new DraftLedger(store, { clock: systemClock, leaseMs: LEASE_MS });

  const deadlineMs = performance.now() + options.withinMs;
  const isLate = (): boolean => performance.now() > deadlineMs;
  const accepted = Array.from({ length: requests }, (_, n) => `soak-${seed}-${n}`);
  let published = 0;
  const publishUpTo = async (count: number): Promise<void> => {
    if (published >= count) return;
    await publish(
      `${pubsub.url}/v1/projects/${PROJECT}/topics/draft-requests:publish`,
      accepted.slice(published, count),
    );
    published = count;
  };
  await publishUpTo(Math.min(requests, WARM_UP));
  while (!isLate() && settled < published) await systemClock.sleep(LOOK_EVERY_MS);
  await fleet.grow(options.workers);
  const killing = kill();
  while (published < requests && !isLate()) {
    await publishUpTo(Math.min(requests, settled + AHEAD));
    onProgress(`${published} of ${requests} published, ${fleet.kills()} of ${options.kills} kills`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  await killing;
  onProgress(`${fleet.kills()} kills done, everything published`);
  while (!isLate() && !(await isDone())) await systemClock.sleep(LOOK_EVERY_MS);
  const quiet = AbortSignal.timeout(Math.max(1, Math.round(deadlineMs - performance.now())));
  for (const name of [DRAFTS_SUBSCRIPTION, DEAD_LETTER_PUSH_SUBSCRIPTION]) {
    await pubsub.idle(name, quiet).catch(() => {});
  }
  onProgress("every request has ended and the queue is empty");
  const before = reckon({ accepted, ...(await readBooks(ledger, google)) });
  onProgress(`at rest but for the sweep: ${before.created} created, ${before.duplicated.length} duplicated`);
  while (!isLate() && (await isUnlooked(ledger))) {
    await sweeps.sweep().catch(() => {});
    await systemClock.sleep(LOOK_EVERY_MS);
  }
  const reckoning = reckon({ accepted, ...(await readBooks(ledger, google)) });
  return {
    ...reckoning,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    kills: fleet.kills(),
    duplicatePushes: door.figures.duplicates,
    lostAcks: door.figures.lostAcks,
    duplicatedBeforeSweep: before.duplicated.length,
    extrasDeleted,
    found,
    creates: google.calls.count("drafts.create"),
    recoveryMedianMs: quantile(recoveries.all(), 0.5),
    recoveryWorstMs: quantile(recoveries.all(), 1),
  };

  async function kill(): Promise<void> {
    const killChance = chanceOf(seed + 1);
    while (fleet.kills() < options.kills && settled < requests && !isLate()) {
      await systemClock.sleep(-Math.log(1 - killChance()) * options.killEveryMs);
      const workOfALife = (2 * WORK_OF_A_LIFE * (requests - settled)) / (options.kills - fleet.kills());
      const ids = fleet.kill(killChance, Math.floor(killChance() * workOfALife));
      recoveries.begin(ids);
    }
    await fleet.complete();
  }

  async function isDone(): Promise<boolean> {
    const { queued, processing, created, failed, parked, dead } = await ledger.countByState();
    return queued + processing === 0 && created + failed + parked + dead >= requests;
  }
}

/** A record that the sweep has to look at and has not looked at once. The second look is for a machine that was paused for long. */
async function isUnlooked(ledger: DraftLedger): Promise<boolean> {
  return (await allRecords(ledger)).some(({ dueAtMs, looks }) => dueAtMs !== null && looks === 0);
}

function mailboxes(): string[] {
  return Array.from({ length: MAILBOXES }, (_, n) => `rep${n}@example.com`);
}

async function publish(url: string, ids: readonly string[]): Promise<void> {
  const all = mailboxes();
  const messages = ids.map((id, n) => {
    const request = { to: "ada@example.com", subject: `Soak ${id}`, message: "A line.", mailbox: all[n % all.length] };
    return { data: Buffer.from(JSON.stringify(request)).toString("base64"), attributes: { id } };
  });
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ messages }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`Pub/Sub refused the requests: ${await answer.text()}`);
  await answer.body?.cancel();
}
