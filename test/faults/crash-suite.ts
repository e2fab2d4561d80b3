import { AssertionError } from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { FirestoreEmulator } from "../support/firestore-emulator.ts";
import type { Reckoning } from "../support/reckoning.ts";
import { type CrashBench, watchEvents } from "./crash-bench.ts";
import { CRASH_MODES, type CrashMode } from "./crash-points.ts";
import { crashTable } from "./crash-table.ts";
import { crashDeliveries } from "./delivery-crashes.ts";
import { startFaultStack } from "./fault-stack.ts";
import { crashApi, crashSharedLines } from "./line-crashes.ts";
import { createRequests } from "./requests.ts";
import { crashReplays, crashSweeps } from "./sweep-crashes.ts";

const USUAL_LEASE_MS = 3_000;
/** All requests of a mode are with the worker at once, and a window that pushes to a dead worker have shrunk would let one by. */
const PUSHES_AT_ONCE = Number.POSITIVE_INFINITY;
/** What a process leaves survives its end in memory too, and a busy disk takes longer than all the rest. */
const MEMORY = "/dev/shm";

export interface CrashSuiteOptions extends Pick<CrashBench, "runs" | "sweepRuns"> {
  readonly ledger: string;
  /** Starts one for each stack; SQLite unless given. */
  readonly firestore?: () => Promise<FirestoreEmulator>;
  /** In one line why not, or false. */
  readonly skip?: string | false;
  readonly withinMs: number;
  /** 3 s unless given. A create may leave in its first third only, and a store that answers many at once takes its time. */
  readonly leaseMs?: number;
}

/** Every step of a delivery in every mode. */
export function deliverySuite(options: CrashSuiteOptions): void {
  crashSuite("each step of a delivery", options, (mode, bench) => {
    it(`${mode} at each of its steps, on each of its lines`, () => crashDeliveries(bench(), mode));
  });
}

/** Every step of the sweep, and of a replay that it carries out, in every mode. */
export function sweepSuite(options: CrashSuiteOptions): void {
  crashSuite("each step of the sweep and of a replay", options, (mode, bench) => {
    it(`${mode} at each step of the sweep`, { timeout: options.withinMs }, () => crashSweeps(bench(), mode));
    it(`${mode} at each step of a replay`, { timeout: options.withinMs }, () => crashReplays(bench(), mode));
  });
}

/** Every line that all requests share, in every mode but one: a line is cut, whatever is made of that at its end. */
export function lineSuite(options: CrashSuiteOptions): void {
  crashSuite("each line that all requests share", options, (mode, bench) => {
    if (mode === "throw Error") return;
    it(`${mode} of the worker on each of its lines`, () => crashSharedLines(bench(), mode));
    it(`${mode} of the api between its record and its answer`, () => crashApi(bench(), mode));
  });
}

function crashSuite(
  what: string,
  { ledger, skip = false, firestore, withinMs, leaseMs = USUAL_LEASE_MS, ...counts }: CrashSuiteOptions,
  cases: (mode: CrashMode, bench: () => CrashBench) => void,
): void {
  describe(`${what} struck, on ${ledger}: one draft or one failure for each request`, {
    skip,
    timeout: withinMs,
  }, () => {
    const over = new AbortController();
    let bench: CrashBench;
    let emulator: FirestoreEmulator | undefined;
    before(async () => {
      emulator = await firestore?.();
      const stack = await startFaultStack({
        leaseMs,
        pubsub: { pushWindow: { initial: PUSHES_AT_ONCE, max: PUSHES_AT_ONCE } },
        // A worker is away for a second or two: thousands of pushes would try it ten times meanwhile.
        retry: { minimumBackoff: "1s", maximumBackoff: "2s" },
        environment: { REPLAY_LEASE_MS: "1000" },
        ...(existsSync(MEMORY) ? { filesIn: MEMORY } : {}),
        ...(emulator === undefined ? {} : { firestore: { hostPort: emulator.hostPort, project: "draftmill-crashes" } }),
      });
      const requests = createRequests(stack);
      bench = { stack, requests, leaseMs, ...counts, rows: [], seen: watchEvents(stack), over: over.signal };
    });
    after(async () => {
      over.abort();
      await bench.stack.finish();
      await emulator?.stop();
    });

    for (const mode of CRASH_MODES) cases(mode, () => bench);

    it("everything is accounted for, and became this", async (t) => {
      const { accepted, created, explained } = await reckoningAtRest(bench);
      t.diagnostic(`${ledger}: ${accepted} accepted = ${created} drafts + ${explained} explained failures`);
      for (const line of crashTable(bench.rows)) t.diagnostic(line);
    });
  });
}

/** The sweep looks a second time ten leases after a request has ended; what is not right then never will be. */
const RIGHT_WITHIN_LEASES = 15;

async function reckoningAtRest({ stack, requests, leaseMs }: CrashBench): Promise<Reckoning> {
  const startedMs = Date.now();
  for (;;) {
    try {
      return await requests.account();
    } catch (error) {
      const isLate = Date.now() - startedMs > RIGHT_WITHIN_LEASES * leaseMs;
      if (isLate || !(error instanceof AssertionError)) throw error;
      await stack.sweep();
    }
  }
}
