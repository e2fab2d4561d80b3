import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { type LogEvent, startServiceProcess } from "@draftmill/local/service-process.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { createLifecycle } from "@draftmill/shared/lifecycle.ts";

const ENTRY = fileURLToPath(new URL("./measured-service.ts", import.meta.url));
const ROWS_AT_ONCE = 20;
const PROJECT = "draftmill-memory";
const MB = 1_000_000;
const LOOK_EVERY_MS = 50;

/** What an api had in memory: before, and at most while it read. */
export interface ImportMemory {
  readonly rows: number;
  readonly fileBytes: number;
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

/** A file to import: how many rows, each with a text of how many characters. */
export interface FileShape {
  readonly rows: number;
  readonly textLength: number;
}

const WARM_UP = { rows: 200, textLength: 500 };

/** Has an api of its own read files of these shapes, one after the other, and looks at its memory all the while. */
export async function importMemory(shapes: readonly FileShape[]): Promise<readonly ImportMemory[]> {
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
        LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
      },
      onEvent: (event) => {
        const sample = sampleOf(event);
        if (sample !== null) samples.push(sample);
      },
    });
    lifecycle.onClose(() => api.stop());
    // What is loaded on first use is no growth.
    await importFile(api.url, WARM_UP);
    while (samples.length < 5) await systemClock.sleep(LOOK_EVERY_MS);
    const before = samples.at(-1)?.rss ?? 0;
    const memories: ImportMemory[] = [];
    for (const shape of shapes) {
      samples.length = 0;
      const startedMs = performance.now();
      const fileBytes = await importFile(api.url, shape);
      const seconds = Math.round((performance.now() - startedMs) / 1_000);
      memories.push({ rows: shape.rows, fileBytes, seconds, ...courseOf(before, samples) });
    }
    return memories;
  } finally {
    await lifecycle.close();
  }
}

function courseOf(before: number, samples: readonly Sample[]): Omit<ImportMemory, "rows" | "fileBytes" | "seconds"> {
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

/** Sends a file as it is made; resolves with how long it was. */
async function importFile(apiUrl: string, { rows, textLength }: FileShape): Promise<number> {
  let bytes = 0;
  const text = "Lorem ipsum dolor sit amet. ".repeat(Math.ceil(textLength / 28)).slice(0, textLength);
  const lines = function* (): Generator<Buffer> {
    yield Buffer.from("to,subject,message,mailbox\n");
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - first);
      const piece = Array.from({ length: count }, (_, n) => rowOf(first + n, text)).join("");
      bytes += piece.length;
      yield Buffer.from(piece);
    }
  };
  const answer = await fetch(`${apiUrl}/v1/imports`, {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: Readable.toWeb(Readable.from(lines())) as ReadableStream<Uint8Array>,
    duplex: "half",
  });
  const report: { accepted?: number } = Object(await answer.json());
  if (answer.status !== 202 || report.accepted !== rows) throw new Error(`not imported: ${JSON.stringify(report)}`);
  return bytes;
}

function rowOf(n: number, text: string): string {
  return `p${n}@prospects.example,Offer ${n},${text},m${n % 20}@example.com\n`;
}
