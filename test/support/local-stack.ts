import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import { type LocalStack, type LocalStackOptions, startLocalStack } from "@draftmill/local/local-stack.ts";
import type { LogEvent, ServiceName } from "@draftmill/local/service-process.ts";
import { BATCH_SUBSCRIPTION, DRAFTS_SUBSCRIPTION } from "@draftmill/local/topics.ts";
import type { RecordProblem } from "@draftmill/shared/contract/draft-record.ts";

/** The record of a request as the api tells it. */
export interface DraftView {
  readonly id: string;
  readonly status: string;
  readonly mailbox: string;
  readonly draftId: string | null;
  readonly problem: RecordProblem | null;
}

/** An answer of the api with its JSON body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AnswerBody;
}

/** Every field that some answer of the api has. */
export interface AnswerBody {
  readonly id: string;
  readonly status: string;
  readonly draft_id: string;
  readonly draftId: string | null;
  readonly code: string;
  readonly detail: string;
  readonly retryable: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  readonly errors: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
}

/** The whole product under test: api and worker as processes, embedded Pub/Sub and sandbox Google in this one. */
export interface TestStack extends LocalStack {
  readonly google: SandboxGoogle;
  readonly events: readonly (LogEvent & { readonly from: ServiceName })[];
  /** Waits until the services have logged an event that fits, counting those of the past. */
  logged(fits: (event: LogEvent) => boolean): Promise<LogEvent>;
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Publishes to the requests' topic, or another, as any producer would; returns the messageId. */
  publish(data: string, attributes?: Record<string, string>, topic?: string): Promise<string>;
  /** Resolves once Pub/Sub has no request left for the worker, of a batch or alone; rejects when the signal aborts. */
  idle(signal?: AbortSignal): Promise<void>;
  /** The record once its state is final. */
  settled(id: string): Promise<DraftView>;
  /** What lies on the dead-letter subscription, acknowledged as it is read. */
  pullDeadLetters(atLeast: number): Promise<readonly DeadLetterMessage[]>;
  /** Stops everything and removes its folder; throws if the sandbox saw what must never happen. */
  finish(): Promise<void>;
}

export interface DeadLetterMessage {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

const CALL_TIMEOUT_MS = 60_000;

export async function startTestStack(options: Partial<LocalStackOptions> = {}): Promise<TestStack> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "draftmill-")));
  const events: (LogEvent & { from: ServiceName })[] = [];
  const waiters = new Set<() => void>();
  const stack = await startLocalStack({
    ports: { api: 0, worker: 0, pubsub: 0, google: 0 },
    realGoogle: null,
    retry: { minimumBackoff: "0.2s", maximumBackoff: "2s" },
    sweepEveryMs: 0,
    ...options,
    dataDir,
    onEvent: (from, event) => {
      events.push({ ...event, from });
      for (const wake of waiters) wake();
    },
  });
  const { google } = stack;
  if (google === null) throw new Error("these tests need the sandbox Google");

  const call = (url: string, init: RequestInit = {}): Promise<Response> =>
    fetch(url, { ...init, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  const postJson = (url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    call(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
  const resource = (path: string): string => `${stack.pubsubUrl}/v1/projects/${stack.project}/${path}`;

  return {
    ...stack,
    google,
    events,
    async logged(fits) {
      for (;;) {
        const found = events.find(fits);
        if (found !== undefined) return found;
        await new Promise<void>((wake) => waiters.add(wake));
      }
    },
    async post(path, body, headers) {
      const answer = await postJson(`${stack.apiUrl}${path}`, body, headers);
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as AnswerBody };
    },
    async publish(data, attributes = {}, topic = "draft-requests") {
      const message = { data: Buffer.from(data).toString("base64"), attributes };
      const answer = await postJson(resource(`topics/${topic}:publish`), { messages: [message] });
      const { messageIds } = (await answer.json()) as { messageIds: [string] };
      return messageIds[0];
    },
    async idle(signal) {
      await Promise.all([DRAFTS_SUBSCRIPTION, BATCH_SUBSCRIPTION].map((name) => stack.pubsub?.idle(name, signal)));
    },
    async settled(id) {
      for (;;) {
        const answer = await call(`${stack.apiUrl}/v1/drafts/${id}`, { headers: { prefer: "wait=20" } });
        // A message that came straight to the topic is on record only once the worker has seen it.
        if (answer.status === 404) {
          await answer.body?.cancel();
          continue;
        }
        const view = (await answer.json()) as DraftView;
        if (view.status !== "queued" && view.status !== "processing") return view;
      }
    },
    async pullDeadLetters(atLeast) {
      const letters: DeadLetterMessage[] = [];
      while (letters.length < atLeast) {
        const subscription = resource("subscriptions/draft-requests-dead-letter-pull");
        const answer = await postJson(`${subscription}:pull`, { maxMessages: 100 });
        const { receivedMessages = [] } = (await answer.json()) as {
          receivedMessages?: { ackId: string; message: { data?: string; attributes?: Record<string, string> } }[];
        };
        if (receivedMessages.length === 0) continue;
        await postJson(`${subscription}:acknowledge`, { ackIds: receivedMessages.map(({ ackId }) => ackId) });
        for (const { message } of receivedMessages) {
          letters.push({
            data: Buffer.from(message.data ?? "", "base64").toString("utf8"),
            attributes: message.attributes ?? {},
          });
        }
      }
      return letters;
    },
    async finish() {
      await stack.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      if (google.violations.length > 0) throw new Error(`the sandbox saw: ${google.violations.join("; ")}`);
    },
  };
}
