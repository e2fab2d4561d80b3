import { DRAFT_UNITS } from "@draftmill/shared/contract/draft-units.ts";
import { OrderingKeys, orderingKeyOf } from "@draftmill/shared/contract/ordering-key.ts";
import { createAdaptivePacer } from "@draftmill/worker/pacing/adaptive-pacer.ts";
import { chanceOf } from "../support/chance.ts";
import { GmailModel, type GmailModelOptions } from "./gmail-model.ts";
import { createOraclePacer } from "./oracle-pacer.ts";
import { PushModel } from "./push-model.ts";
import { VirtualClock } from "./virtual-clock.ts";
import { type PacedRequest, WorkerModel } from "./worker-model.ts";

export interface SimulatedRequest extends PacedRequest {
  readonly id: string;
  /** When it is published; 0 unless given. */
  readonly atMs?: number;
  /** Whether it has a key of its own, and so waits behind nothing in Pub/Sub. */
  readonly isUnkeyed?: boolean;
}

export interface Simulation {
  readonly requests: readonly SimulatedRequest[];
  readonly workers: number;
  readonly gmail: GmailModelOptions;
  /** The workers' GMAIL_UNITS_PER_MINUTE; Gmail's own unless given. */
  readonly unitsPerMinuteMax?: number;
  /** ORDERING_SHARDS; 16 unless given. */
  readonly shards?: number;
  /** Without BATCH_TOPIC: those that come alone wait in one window with the batches. */
  readonly hasOneTopic?: boolean;
  readonly quotaChanges?: readonly { readonly atMs: number; readonly unitsPerMinute: number }[];
  /** What another program of each user asks of the same quota, and gets if there is some. */
  readonly othersUnitsPerMinute?: number;
  readonly seed?: number;
  /** With the limiter that reads Gmail's books in place of the product's. */
  readonly withOracle?: boolean;
}

export interface Simulated {
  /** When the last request had its draft. */
  readonly drainedMs: number;
  readonly calls: number;
  readonly refused: number;
  readonly nacks: number;
  readonly dead: number;
  /** Messages that a worker published again for not to hold them. */
  readonly handedBack: number;
  /** Requests that have ended in no way. */
  readonly left: number;
  readonly callsAtOnceMax: number;
  readonly outstandingPerKeyMax: number;
  /** From publishing to the draft, by request. */
  readonly tookMs: ReadonlyMap<SimulatedRequest, number>;
}

/** Each way between Pub/Sub and a worker. */
const NETWORK_MS = 20;
/** So many of what is published at once are read together: the rows of a file, or the most of a batch. */
const CALL_OF = 1_000;
const LONGEST_MS = 48 * 3_600_000;

/** Pub/Sub, workers and Gmail in virtual time. Nothing in it is left to chance but by the seed. */
export async function simulate(simulation: Simulation): Promise<Simulated> {
  const { requests, shards = 16, hasOneTopic = false, gmail: gmailOptions, withOracle = false } = simulation;
  const clock = new VirtualClock();
  const random = chanceOf(simulation.seed ?? 1);
  const gmail = new GmailModel(clock, random, gmailOptions);
  const oracle = withOracle ? createOraclePacer(clock, (mailbox) => gmail.quotaOf(mailbox)) : null;
  const unitsPerMinuteMax = simulation.unitsPerMinuteMax ?? gmailOptions.unitsPerMinute;
  const workers = Array.from({ length: simulation.workers }, () => {
    const pacer = oracle ?? createAdaptivePacer({ clock, random, unitsPerMinuteMax });
    return new WorkerModel({ clock, random, pacer, gmail, unitsAtGmail: withOracle ? 0 : DRAFT_UNITS });
  });
  const tookMs = new Map<SimulatedRequest, number>();
  let dead = 0;
  let handedBack = 0;
  const subscribe = () =>
    new PushModel<SimulatedRequest>({
      clock,
      random,
      deliver(request) {
        const ready = workers.filter(({ isReady }) => isReady);
        const worker = ready[Math.floor(random() * ready.length)];
        if (worker === undefined) return null;
        return deliverTo(worker, request);
      },
      dead: () => {
        dead += 1;
      },
    });
  const alone = subscribe();
  const ofBatches = hasOneTopic ? alone : subscribe();
  const subscriptions = [...new Set([alone, ofBatches])];
  const keys = keysOf(requests, shards);
  function publish(request: SimulatedRequest): void {
    const subscription = request.line === null ? alone : ofBatches;
    subscription.publish(request, keys.get(request) ?? null);
  }
  async function deliverTo(worker: WorkerModel, request: SimulatedRequest): Promise<boolean> {
    await clock.sleep(NETWORK_MS);
    switch (await worker.deliver(request)) {
      case "created":
        tookMs.set(request, clock.monotonicMs() - (request.atMs ?? 0));
        break;
      case "handed-back":
        handedBack += 1;
        await clock.sleep(2 * NETWORK_MS);
        publish(request);
        break;
      default:
        throw new Error("a delivery that ended in no way");
    }
    await clock.sleep(NETWORK_MS);
    return true;
  }

  for (const request of requests) {
    const { atMs = 0 } = request;
    if (atMs === 0) publish(request);
    else clock.after(atMs, () => publish(request));
  }
  for (const { atMs, unitsPerMinute } of simulation.quotaChanges ?? []) {
    clock.after(atMs, () => gmail.setQuota(unitsPerMinute));
  }
  const isOver = (): boolean => tookMs.size + dead === requests.length;
  const { othersUnitsPerMinute = 0 } = simulation;
  if (othersUnitsPerMinute > 0) {
    const mailboxes = [...new Set(requests.map(({ mailbox }) => mailbox))];
    const everyMs = (60_000 * DRAFT_UNITS) / othersUnitsPerMinute;
    const call = (): void => {
      for (const mailbox of mailboxes) gmail.quotaOf(mailbox).take(clock.monotonicMs(), DRAFT_UNITS);
      clock.after(everyMs * (0.5 + random()), call);
    };
    call();
  }
  await clock.run(isOver, LONGEST_MS);
  return {
    drainedMs: [...tookMs].reduce((last, [{ atMs = 0 }, ms]) => Math.max(last, atMs + ms), 0),
    calls: gmail.calls,
    refused: gmail.refused,
    nacks: subscriptions.reduce((sum, { nacks }) => sum + nacks, 0),
    dead,
    handedBack,
    left: requests.length - tookMs.size - dead,
    callsAtOnceMax: gmail.atOnceMax,
    outstandingPerKeyMax: Math.max(...subscriptions.map(({ perKeyMax }) => perKeyMax)),
    tookMs,
  };
}

/** As the api gives them: to a file by what is read of it together, to what comes alone by itself. */
function keysOf(requests: readonly SimulatedRequest[], shards: number): ReadonlyMap<SimulatedRequest, string | null> {
  const keys = new Map<SimulatedRequest, string | null>();
  const keyed = requests.filter(({ isUnkeyed = false }) => !isUnkeyed);
  for (const request of keyed) keys.set(request, orderingKeyOf(request.mailbox, request.id, shards));
  const atOnce = keyed.filter(({ line, atMs = 0 }) => line !== null && atMs === 0);
  const ofAll = new OrderingKeys(shards);
  for (let from = 0; from < atOnce.length; from += CALL_OF) {
    const call = atOnce.slice(from, from + CALL_OF);
    const ofCall = ofAll.of(call);
    for (const [index, request] of call.entries()) keys.set(request, ofCall[index] ?? null);
  }
  return keys;
}
