import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import { startLocalStack } from "@draftmill/local/local-stack.ts";
import { startCli } from "../support/cli-process.ts";
import { type Sample, startSampler } from "./samples.ts";

/** One command of a run, as it went. */
export interface Step {
  readonly name: string;
  readonly seconds: number;
  readonly stdout: string;
}

/** A local stack of its own, and the command line as a process against it. */
export interface VolumeRun {
  readonly folder: string;
  readonly google: SandboxGoogle;
  readonly samples: readonly Sample[];
  /** Drafts that the worker has made so far. */
  made(): number;
  /** Runs a command to its end; throws when it ends with another code than 0. */
  draftmill(name: string, args: readonly string[]): Promise<Step>;
  close(): Promise<void>;
}

const STEP_WITHIN_MS = 3_600_000;

/** @param unitsPerMinute Gmail's quota of each mailbox, at the sandbox Google and as the services know it */
export async function startVolumeRun(unitsPerMinute: number, tell: (line: string) => void): Promise<VolumeRun> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-volume-"));
  let made = 0;
  const stack = await startLocalStack({
    dataDir: join(folder, "data"),
    ports: { api: 0, worker: 0, pubsub: 0, google: 0 },
    realGoogle: null,
    google: { unitsPerMinute },
    environment: { GMAIL_UNITS_PER_MINUTE: String(unitsPerMinute) },
    sweepEveryMs: 5_000,
    onEvent(service, event) {
      if (event.message === "draft.settled" && event.outcome === "created") made += 1;
      if (event.severity === "ERROR") tell(`${service}: ${JSON.stringify(event)}`);
    },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const { google } = stack;
  if (google === null) throw new Error("it needs the sandbox Google");
  const sampler = startSampler(
    () => ({ api: stack.api.pid(), worker: stack.worker.pid() }),
    () => made,
  );
  return {
    folder,
    google,
    samples: sampler.samples,
    made: () => made,
    async draftmill(name, args) {
      const startedMs = performance.now();
      const cli = startCli(args, { url: stack.apiUrl, cwd: folder, withinMs: STEP_WITHIN_MS });
      sampler.step(name, cli.pid);
      const { code, stdout, stderr } = await cli.ended;
      sampler.step("-", null);
      const seconds = (performance.now() - startedMs) / 1_000;
      tell(`${name.padEnd(28)} ${seconds.toFixed(1).padStart(8)} s  ${stdout.trim().slice(0, 100)}`);
      if (code !== 0) throw new Error(`${name} ended with ${code}:\n${stderr}`);
      return { name, seconds, stdout };
    },
    async close() {
      await sampler.stop();
      await stack.close();
      await rm(folder, { recursive: true, force: true });
      if (google.violations.length > 0) throw new Error(`the sandbox saw: ${google.violations.join("; ")}`);
    },
  };
}
