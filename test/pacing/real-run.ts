import { performance } from "node:perf_hooks";
import { BATCH_SUBSCRIPTION, BATCH_TOPIC, DRAFTS_SUBSCRIPTION } from "@draftmill/local/topics.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";
import { OrderingKeys } from "@draftmill/shared/contract/ordering-key.ts";
import { type FaultStack, startFaultStack } from "../faults/fault-stack.ts";
import { createRequests, type Requests } from "../faults/requests.ts";
import { percentile } from "./figures.ts";
import { FIXED } from "./scenarios.ts";
import { simulate } from "./simulate.ts";

/**
 * What is run in real processes. Counts are what they are; time goes `timeLapse` times as fast for the workers, the quota and
 * Gmail's latency. Below 1 it goes slower, so that a machine can follow that makes fewer drafts than the quota allows; what the
 * processes and Pub/Sub take themselves then weighs less.
 */
export interface RealLoad {
  readonly workers: number;
  readonly mailboxes: number;
  readonly draftsEach: number;
  readonly unitsPerMinute: number;
  readonly timeLapse: number;
  /** Requests that come alone, each for a mailbox of its own, while nothing else goes on and then during the batch. */
  readonly alone?: number;
  /** Without BATCH_TOPIC: those that come alone wait in one window with the batch. */
  readonly hasOneTopic?: boolean;
}

/** All times as the workers' clocks had them. */
export interface RealFigures extends RealLoad {
  readonly optimumMs: number;
  readonly drainedMs: number;
  readonly refusedShare: number;
  /** What the quota's units alone come to: a draft's units, for the mailbox's drafts, at so many a minute. */
  readonly quotaMs: number;
  /** What the same load comes to in virtual time. */
  readonly simulatedMs: number;
  readonly simulatedRefusedShare: number;
  readonly nacks: number;
  /** Requests that ended in anything but one draft. */
  readonly dead: number;
  readonly outstandingPerKeyMax: number;
  readonly aloneP95Ms: number;
  readonly aloneInBatchP95Ms: number;
}

const MINUTE_MS = 60_000;
const LATENCY_MS = 300;
/** Deadlines are the clock's own: in slow motion Google is no slower than this by it. */
const LATENCY_MAX_MS = 2_000;
const LEASE_MS = 180_000;
const SHARDS = 16;
const OF_REQUESTS = [DRAFTS_SUBSCRIPTION, BATCH_SUBSCRIPTION];
const ALONE_EVERY_MS = 200;
/** They come within so much of the time that the batch will take. */
const ALONE_WITHIN = 0.8;

export async function runForReal(load: RealLoad, withinMs: number): Promise<RealFigures> {
  const { workers, mailboxes, draftsEach, unitsPerMinute, timeLapse, hasOneTopic = false } = load;
  const pushes: Push[] = [];
  const stack = await startFaultStack({
    workerClocksMs: Array.from({ length: workers }, () => 0),
    leaseMs: LEASE_MS,
    environment: {
      TIME_LAPSE: String(timeLapse),
      GMAIL_UNITS_PER_MINUTE: String(unitsPerMinute),
      ...(hasOneTopic ? {} : { BATCH_TOPIC }),
    },
    google: {
      unitsPerMinute: unitsPerMinute * timeLapse,
      quotaWindowMs: MINUTE_MS / timeLapse,
      latencyMs: Math.min(LATENCY_MAX_MS, LATENCY_MS / timeLapse),
    },
    pubsub: {
      log: (event, { messageId, durationMs, subscription }) => {
        const isOfRequests = OF_REQUESTS.includes(String(subscription).split("/").at(-1) ?? "");
        if (event !== "pubsub.push" || !isOfRequests) return;
        const endMs = performance.now();
        pushes.push({ messageId: String(messageId), startMs: endMs - Number(durationMs), endMs });
      },
    },
  });
  try {
    const requests = createRequests(stack);
    const names = Array.from({ length: mailboxes }, () => requests.newMailbox());
    const quotaMs = (draftsEach * DRAFT_UNITS * MINUTE_MS) / unitsPerMinute;
    const { alone: count = 0 } = load;
    const alone = await aloneTimes(requests, { count, everyMs: ALONE_EVERY_MS, timeLapse, withinMs });
    const resume = await pausePushing(stack, hasOneTopic ? DRAFTS_SUBSCRIPTION : BATCH_SUBSCRIPTION);
    // In turn, so that each batch is for all of them.
    const mailboxOf = (n: number): string => names[n % names.length] ?? "";
    const rows = Array.from({ length: draftsEach * names.length }, (_, n) => mailboxOf(n));
    const batches = await requests.submitBatches(rows);
    const ids = batches.flat().map((id, n) => ({ id, mailbox: mailboxOf(n) }));
    const keys = keysOf(batches, new Map(ids.map(({ id, mailbox }) => [id, mailbox])));
    const before = { settled: settledOf(stack).length, calls: createsOf(stack).length };
    await resume();
    const startMs = Date.now();
    const everyMs = (ALONE_WITHIN * quotaMs) / count;
    const inBatch = aloneTimes(requests, { count, everyMs, timeLapse, withinMs });
    // One after the other: a thousand that are watched at once would keep the ledger busy.
    const records: DraftRecord[] = [];
    for (const { id } of ids) records.push(...(await requests.ended([id], withinMs)));
    const aloneInBatch = await inBatch;
    const { created, accepted } = await requests.account(withinMs);
    const lastMs = Math.max(...records.map(({ updatedAtMs }) => updatedAtMs));
    const settled = settledOf(stack).slice(before.settled);
    const creates = createsOf(stack).slice(before.calls);
    const keyOf = new Map(settled.map(({ messageId, requestId }) => [String(messageId), keys.get(String(requestId))]));
    const world = {
      requests: ids.map(({ id, mailbox }) => ({ id, mailbox, line: "batch" })),
      workers,
      gmail: { quota: FIXED, unitsPerMinute, latencyMs: LATENCY_MS },
    };
    const best = await simulate({ ...world, withOracle: true });
    const simulated = await simulate(world);
    return {
      ...load,
      optimumMs: best.drainedMs,
      quotaMs,
      simulatedMs: simulated.drainedMs,
      simulatedRefusedShare: simulated.refused / simulated.calls,
      drainedMs: (lastMs - startMs) * timeLapse,
      refusedShare: creates.filter(({ status }) => status === 403 || status === 429).length / creates.length,
      nacks: settled.filter(({ status }) => status !== 204).length,
      dead: accepted - created,
      outstandingPerKeyMax: outstandingMax(pushes, keyOf),
      aloneP95Ms: percentile(alone, 0.95),
      aloneInBatchP95Ms: percentile(aloneInBatch, 0.95),
    };
  } finally {
    await stack.finish();
  }
}

interface Push {
  readonly messageId: string;
  readonly startMs: number;
  readonly endMs: number;
}

const settledOf = (stack: FaultStack) => stack.events.filter(({ message }) => message === "draft.settled");
const createsOf = (stack: FaultStack) =>
  stack.google.calls.list().filter(({ operation }) => operation === "drafts.create");

/** The ordering key of each request, as the api gives them to those of a call. */
function keysOf(
  batches: readonly (readonly string[])[],
  mailboxes: ReadonlyMap<string, string>,
): ReadonlyMap<string, string | undefined> {
  const ofEach = batches.map((ids) => {
    const keys = new OrderingKeys(SHARDS).of(ids.map((id) => ({ id, mailbox: mailboxes.get(id) ?? "" })));
    return ids.map((id, n) => [id, keys[n] ?? undefined] as const);
  });
  return new Map(ofEach.flat());
}

/** Lets Pub/Sub keep what is published until the function that it resolves with is called. */
async function pausePushing(stack: FaultStack, name: string): Promise<() => Promise<void>> {
  const subscription = `${stack.pubsub().url}/v1/projects/${stack.project}/subscriptions/${name}`;
  const { pushConfig } = (await (await fetch(subscription)).json()) as { pushConfig: unknown };
  const push = async (config: unknown): Promise<void> => {
    const answer = await fetch(`${subscription}:modifyPushConfig`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ pushConfig: config }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    await answer.arrayBuffer();
  };
  await push({});
  return () => push(pushConfig);
}

interface AloneOptions {
  readonly count: number;
  readonly everyMs: number;
  readonly timeLapse: number;
  readonly withinMs: number;
}

/** How long single requests take that come one after the other, from the POST to the record of the draft. */
async function aloneTimes(
  requests: Requests,
  { count, everyMs, timeLapse, withinMs }: AloneOptions,
): Promise<readonly number[]> {
  const took = Array.from({ length: count }, async (_, index) => {
    await systemClock.sleep((index * everyMs) / timeLapse);
    const startMs = Date.now();
    const records = await requests.ended(await requests.submit(requests.newMailbox()), withinMs);
    return records.map(({ updatedAtMs }) => (updatedAtMs - startMs) * timeLapse);
  });
  return (await Promise.all(took)).flat();
}

/** Most pushes of one key that were out at once. */
function outstandingMax(pushes: readonly Push[], keyOf: ReadonlyMap<string, string | undefined>): number {
  const byKey = Map.groupBy(pushes, ({ messageId }) => keyOf.get(messageId));
  let most = 0;
  for (const [key, ofKey] of byKey) {
    if (key === undefined) continue;
    for (const { startMs } of ofKey) {
      // Durations are told in whole milliseconds.
      const out = ofKey.filter((push) => push.startMs <= startMs && push.endMs > startMs + 1).length;
      most = Math.max(most, out);
    }
  }
  return most;
}
