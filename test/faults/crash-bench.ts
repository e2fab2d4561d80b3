import { setImmediate as nextTurn } from "node:timers/promises";
import type { SupervisedService } from "@draftmill/local/supervised-service.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { CrashMode } from "./crash-points.ts";
import type { CrashRow } from "./crash-table.ts";
import type { FaultStack } from "./fault-stack.ts";
import { mailboxOf, type Requests } from "./requests.ts";
import { CLAIMED, CREATE_LEFT, STRIKE_MET } from "./strike.ts";

/** What the cases of one table share. */
export interface CrashBench {
  readonly stack: FaultStack;
  readonly requests: Requests;
  readonly leaseMs: number;
  /** Requests that are at each point of a delivery at once. */
  readonly runs: number;
  /** The same of the sweep and of replays, which come to eight or ten at once: a kill for so many, a sweep that stands still for so many. */
  readonly sweepRuns: number;
  readonly rows: CrashRow[];
  readonly seen: Seen;
  /** Aborts when the suite is over, whatever it was still waiting for. */
  readonly over: AbortSignal;
}

/** What the services have logged of each request so far, with the time. */
export interface Seen {
  /** When the request was struck. */
  struckMs(id: string): number | undefined;
  /** When a delivery of it was first acknowledged at or after `sinceMs`. */
  acknowledgedMs(id: string, sinceMs: number): number | undefined;
  /** When it was claimed. */
  claimsMs(id: string): readonly number[];
  /** When a create for it left the worker. */
  leftMs(id: string): readonly number[];
}

const LOOK_EVERY_MS = 20;
/** A machine that is ten times slower than a quiet one gets there as well. */
const WITHIN_MS = 300_000;
const SAID_MAX = 20;
const ACKNOWLEDGED = new Set([
  "created",
  "duplicate",
  "dead-lettered",
  "parked",
  "recorded",
  "known",
  "adopted",
  "stale",
]);

export function watchEvents(stack: Pick<FaultStack, "events">): Seen {
  const logged = {
    [STRIKE_MET]: new Map<string, number[]>(),
    [CLAIMED]: new Map<string, number[]>(),
    [CREATE_LEFT]: new Map<string, number[]>(),
  };
  const acknowledged = new Map<string, number[]>();
  let read = 0;
  const readOn = (): void => {
    const news = stack.events.slice(read);
    read += news.length;
    for (const { message, mailbox, timeMs, requestId, outcome, atMs } of news) {
      if (message === STRIKE_MET || message === CLAIMED || message === CREATE_LEFT)
        add(logged[message], String(mailbox), Number(timeMs));
      else if (message.endsWith(".settled") && ACKNOWLEDGED.has(String(outcome)))
        add(acknowledged, String(requestId), atMs);
    }
  };
  const of = (message: keyof typeof logged, id: string): readonly number[] => {
    readOn();
    return logged[message].get(mailboxOf(id)) ?? [];
  };
  return {
    struckMs: (id) => of(STRIKE_MET, id)[0],
    claimsMs: (id) => of(CLAIMED, id),
    leftMs: (id) => of(CREATE_LEFT, id),
    acknowledgedMs(id, sinceMs) {
      readOn();
      return acknowledged.get(id)?.find((atMs) => atMs >= sinceMs);
    },
  };
}

function add(times: Map<string, number[]>, key: string, timeMs: number): void {
  const known = times.get(key);
  if (known === undefined) times.set(key, [timeMs]);
  else known.push(timeMs);
}

/** Looks again and again; rejects with what is missing after five minutes, or when the suite is over. */
export async function until(
  { over }: Pick<CrashBench, "over">,
  what: string,
  missing: () => Promise<readonly string[]> | readonly string[],
): Promise<void> {
  const signal = AbortSignal.any([over, AbortSignal.timeout(WITHIN_MS)]);
  for (let left = await missing(); left.length > 0; left = await missing()) {
    if (signal.aborted) throw new Error(`${what}: ${left.length} are missing: ${left.slice(0, SAID_MAX).join(", ")}`);
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

/** Ends the process of a service from one moment to the next. */
export function endProcess(service: SupervisedService, mode: CrashMode): { endedMs: number; back: Promise<void> } {
  const pid = service.pid();
  process.kill(pid, mode === "exit" ? "SIGHUP" : "SIGKILL");
  return { endedMs: Date.now(), back: service.restarted(pid) };
}

/** Whether the mode ends a process. */
export function isEnd(mode: CrashMode): boolean {
  return mode === "SIGKILL" || mode === "exit";
}

/** Ids of the requests of one case; their mailboxes are named for them. */
export function idsOf(mode: CrashMode, point: { readonly name: string }, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefixOf(mode, point)}${index}`);
}

export function prefixOf(mode: CrashMode, { name }: { readonly name: string }): string {
  return `${mode.toLowerCase().replace(" ", "-")}.${name}.`;
}

/** Nothing is waiting, delayed or on its way to the worker. */
export async function atRest({ stack }: Pick<CrashBench, "stack">): Promise<void> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  await Promise.all(
    ["draft-requests-push", "draft-requests-dead-letter-push"].map((name) => stack.pubsub().idle(name, signal)),
  );
}

/** Looked at so many in one turn: Google and Pub/Sub live in this process, and must not be late for that. */
const AT_ONCE = 20;

/** How many drafts there are of each request. */
export async function draftCounts(
  { google }: Pick<FaultStack, "google">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const id of ids) {
    counts.set(id, google.drafts(mailboxOf(id)).length);
    if (counts.size % AT_ONCE === 0) await nextTurn();
  }
  return counts;
}

/** How long it took from what happened to the next acknowledgement, of those that needed one. */
export function recoveries(
  { seen }: Pick<CrashBench, "seen">,
  ids: readonly string[],
  sinceMs: (id: string) => number,
) {
  return ids.flatMap((id) => {
    const atMs = seen.acknowledgedMs(id, sinceMs(id));
    return atMs === undefined ? [] : [atMs - sinceMs(id)];
  });
}
