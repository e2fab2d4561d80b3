import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { type LogEvent, startServiceProcess } from "@draftmill/local/service-process.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { createLifecycle } from "@draftmill/shared/lifecycle.ts";

const ENTRY = fileURLToPath(new URL("./measured-service.ts", import.meta.url));
const PROJECT = "draftmill-memory";
const MB = 1_000_000;
const LOOK_EVERY_MS = 50;

/** What an api had in memory: before, and at most while it worked. */
export interface Memory {
  readonly seconds: number;
  readonly beforeMb: number;
  readonly peakMb: number;
  readonly heapPeakMb: number;
  readonly externalPeakMb: number;
  /** At each tenth of the time. */
  readonly courseMb: readonly number[];
}

interface Sample {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

/** An api of its own, whose memory is looked at all the while. */
export interface MeasuredApi {
  readonly url: string;
  readonly ledgerUrl: string;
  /** Takes the memory as it is now for what there was before: what is loaded on first use is no growth. */
  settle(): Promise<void>;
  measure<T>(work: () => Promise<T>): Promise<Memory & { readonly result: T }>;
}

export async function withMeasuredApi<T>(use: (api: MeasuredApi) => Promise<T>): Promise<T> {
  const lifecycle = createLifecycle();
  const folder = await mkdtemp(join(tmpdir(), "draftmill-memory-"));
  lifecycle.onClose(() => rm(folder, { recursive: true }));
  const samples: Sample[] = [];
  try {
    const signer = await createIdTokenSigner();
    const pubsub = await startPubsub({ statePath: ":memory:", signer });
    lifecycle.onClose(() => pubsub.close());
    // Without a subscription: nobody keeps what is published.
    await fetch(`${pubsub.url}/v1/projects/${PROJECT}/topics/draft-requests`, { method: "PUT", body: "{}" });
    const ledgerUrl = `sqlite:${join(folder, "ledger.db")}`;
    const api = await startServiceProcess("api", {
      entry: ENTRY,
      environment: {
        PORT: "0",
        HOST: "127.0.0.1",
        AUTH_MODE: "none",
        GMAIL_USER: "ada@example.com",
        GOOGLE_CLOUD_PROJECT: PROJECT,
        MAILBOXES: "@example.com",
        PUBSUB_EMULATOR_HOST: pubsub.hostPort,
        LEDGER_URL: ledgerUrl,
      },
      onEvent: (event) => {
        const sample = sampleOf(event);
        if (sample !== null) samples.push(sample);
      },
    });
    lifecycle.onClose(() => api.stop());
    let before = 0;
    return await use({
      url: api.url,
      ledgerUrl,
      async settle() {
        samples.length = 0;
        while (samples.length < 5) await systemClock.sleep(LOOK_EVERY_MS);
        before = samples.at(-1)?.rss ?? 0;
      },
      async measure(work) {
        samples.length = 0;
        const startedMs = performance.now();
        const result = await work();
        const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
        return { seconds, ...courseOf(before, samples), result };
      },
    });
  } finally {
    await lifecycle.close();
  }
}

function courseOf(before: number, samples: readonly Sample[]): Omit<Memory, "seconds"> {
  const peak = (of: (sample: Sample) => number) => Math.round(Math.max(before, ...samples.map(of)) / MB);
  const at = (tenth: number) => samples[Math.min(samples.length - 1, Math.floor((samples.length * tenth) / 10))];
  return {
    beforeMb: Math.round(before / MB),
    peakMb: peak(({ rss }) => rss),
    heapPeakMb: Math.round(Math.max(...samples.map(({ heapUsed }) => heapUsed)) / MB),
    externalPeakMb: Math.round(Math.max(...samples.map(({ external }) => external)) / MB),
    courseMb: Array.from({ length: 11 }, (_, tenth) => Math.round((at(tenth)?.rss ?? 0) / MB)),
  };
}

function sampleOf(event: LogEvent): Sample | null {
  const { rss, heapUsed, external } = event;
  if (event.message !== "memory.sampled") return null;
  if (typeof rss !== "number" || typeof heapUsed !== "number" || typeof external !== "number") return null;
  return { rss, heapUsed, external };
}
