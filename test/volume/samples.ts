import { readFile } from "node:fs/promises";
import { systemClock } from "@draftmill/shared/clock.ts";

/** What was seen at one moment of a run. */
export interface Sample {
  /** Since the run began. */
  readonly seconds: number;
  readonly step: string;
  /** Drafts that the worker has made so far. */
  readonly drafts: number;
  /** Resident memory in megabytes, null where there is no such process. */
  readonly cliMb: number | null;
  readonly apiMb: number | null;
  readonly workerMb: number | null;
}

export interface Sampler {
  readonly samples: readonly Sample[];
  /** Of what is sampled from here on. */
  step(name: string, cliPid: number | null): void;
  stop(): Promise<void>;
}

const EVERY_MS = 1_000;

/** Looks once a second. Memory is read from /proc, which only Linux has. */
export function startSampler(
  pids: () => { readonly api: number; readonly worker: number },
  drafts: () => number,
): Sampler {
  const samples: Sample[] = [];
  const stopping = new AbortController();
  const startedMs = systemClock.monotonicMs();
  let step = "start";
  let cli: number | null = null;
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const { api, worker } = pids();
      const [cliMb, apiMb, workerMb] = await Promise.all([cli, api, worker].map(residentMb));
      const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
      samples.push({
        seconds,
        step,
        drafts: drafts(),
        cliMb: cliMb ?? null,
        apiMb: apiMb ?? null,
        workerMb: workerMb ?? null,
      });
      await systemClock.sleep(EVERY_MS, stopping.signal).catch(() => {});
    }
  })();
  return {
    samples,
    step(name, cliPid) {
      step = name;
      cli = cliPid;
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

async function residentMb(pid: number | null): Promise<number | null> {
  if (pid === null || pid === 0) return null;
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? null : Number(kilobytes) / 1_024;
}

export function samplesCsv(samples: readonly Sample[]): string {
  const cell = (value: number | null): string => (value === null ? "" : value.toFixed(1));
  const lines = samples.map(({ seconds, step, drafts, cliMb, apiMb, workerMb }) =>
    [seconds.toFixed(1), step, drafts, cell(cliMb), cell(apiMb), cell(workerMb)].join(","),
  );
  return `seconds,step,drafts,cli_mb,api_mb,worker_mb\n${lines.join("\n")}\n`;
}

/** The most of a process in a step, in whole megabytes; a dash where it was not seen. */
export function peakOf(samples: readonly Sample[], step: string, of: "cliMb" | "apiMb" | "workerMb"): string {
  const seen = samples.filter((sample) => sample.step === step).flatMap((sample) => sample[of] ?? []);
  return seen.length === 0 ? "-" : String(Math.round(Math.max(...seen)));
}
