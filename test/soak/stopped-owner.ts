import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@draftmill/shared/clock.ts";
import { createLifecycle } from "@draftmill/shared/lifecycle.ts";
import { isQuiet } from "./rest.ts";
import { BAD_DAY, NOTHING_WRONG } from "./scene.ts";
import { soakMailbox } from "./soak-topics.ts";
import { openStage, type Stage } from "./stage.ts";
import type { Mutation } from "./worker-build.ts";

const REQUEST = "stopped-0";
const LEASE_MS = 6_000;
/** Shorter than the worker's own deadline of a sixth of the lease, longer than the others need for a draft of their own. */
const SECOND_CREATE_MS = 900;
const LOOK_EVERY_MS = 5;

/**
 * One request whose owner stands still when it is about to ask the send guard, until its lease is over and the create of the
 * next owner is under way; two other deliveries wait meanwhile. Chance finds that moment in one of many runs: here the worker's
 * build has it stop by itself. The drafts are those that there are once all has come to rest, before any sweep.
 */
export async function stopOwner(
  mutations: readonly Mutation[],
  withinMs: number,
): Promise<{ readonly drafts: number; readonly seconds: number }> {
  const startedMs = performance.now();
  const lifecycle = createLifecycle();
  try {
    const folder = await mkdtemp(join(tmpdir(), "draftmill-stop-"));
    lifecycle.onClose(() => rm(folder, { recursive: true }));
    const files = { stop: join(folder, "stop"), goOn: join(folder, "go-on") };
    await writeFile(files.stop, "");
    const stage = await openStage(
      {
        scene: { ...BAD_DAY, leaseMs: LEASE_MS, workers: 4, google: NOTHING_WRONG, door: { lostAck: 0, duplicate: 1 } },
        calls: 0,
        warmUp: 0,
        mutations: [stopsOnce(files), ...mutations],
        firestore: null,
        chance: Math.random,
        onEvent: () => {},
      },
      lifecycle,
    );
    const drafts = await play(stage, files, startedMs + withinMs);
    return { drafts, seconds: (performance.now() - startedMs) / 1_000 };
  } finally {
    await lifecycle.close();
  }
}

async function play(stage: Stage, files: StopFiles, latestMs: number): Promise<number> {
  const { fleet, google, ledger, topics } = stage;
  const mailbox = soakMailbox(0);
  const until = async (what: string, isSo: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await isSo())) {
      if (performance.now() > latestMs) throw new Error(`not in time: ${what}`);
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  };
  await fleet.grow(4);
  google.faults.next("drafts.create", 1, { kind: "stall", ms: SECOND_CREATE_MS }, mailbox);
  await topics.publish([REQUEST]);
  await until("the owner stops", () => !existsSync(files.stop));
  const over = Promise.withResolvers<void>();
  fleet.pauseThoseWith(REQUEST, over.promise);
  await until("the next owner sends its create", () => google.faults.pending().length === 0);
  await writeFile(files.goOn, "");
  over.resolve();
  await until("there is a draft", async () => (await ledger.get(REQUEST))?.state === "created");
  await until("nothing is under way", () => isQuiet(stage));
  return google.drafts(mailbox).length;
}

interface StopFiles {
  readonly stop: string;
  readonly goOn: string;
}

/**
 * The first worker that comes to the send guard removes the one file and does nothing at all until the other is there. Not by a
 * SIGSTOP of its own: that might come after the SIGCONT that is to end it.
 */
function stopsOnce({ stop, goOn }: StopFiles): Mutation {
  return {
    name: "stops before the guard",
    file: "services/worker/src/process-draft.ts",
    find: "function assertLeaseFresh({ clock, leaseMs }: ProcessDeps, claim: Claimed): void {",
    replace: `function assertLeaseFresh({ clock, leaseMs }: ProcessDeps, claim: Claimed): void {
  const fs = process.getBuiltinModule("node:fs");
  let isFirst = true;
  try {
    fs.rmSync(${JSON.stringify(stop)});
  } catch {
    isFirst = false;
  }
  const nobody = new Int32Array(new SharedArrayBuffer(4));
  while (isFirst && !fs.existsSync(${JSON.stringify(goOn)})) Atomics.wait(nobody, 0, 0, 10);`,
  };
}
