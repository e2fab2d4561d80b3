import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { TestContext } from "node:test";
import { openApiMetrics } from "@draftmill/api/api-metrics.ts";
import { type AppDeps, buildApp } from "@draftmill/api/app.ts";
import { DraftsPerDay, RESERVED_DRAFTS } from "@draftmill/api/callers/drafts-per-day.ts";
import type { Publisher } from "@draftmill/api/submit-draft.ts";
import type { EncodedMessage } from "@draftmill/shared/contract/draft-message.ts";
import { type DraftRecord, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { parseMailboxPolicy } from "@draftmill/shared/contract/mailbox-policy.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import type { FastifyInstance } from "fastify";
import { ManualClock } from "../../support/manual-clock.ts";

export const MAILBOX = "rep@corp.example";
export const REQUEST = { to: "Ada <ada@example.com>", subject: "Hello", message: "A word." };

/** A queue whose acknowledgements the test gives out: at once unless told to hold or to fail. */
export class ScriptedPublisher implements Publisher {
  readonly published: EncodedMessage[] = [];
  readonly #held: PromiseWithResolvers<void>[] = [];
  #arrival = Promise.withResolvers<void>();
  #mode: "acknowledge" | "hold" | "fail" = "acknowledge";

  async publish(message: EncodedMessage): Promise<void> {
    this.published.push(message);
    this.#arrival.resolve();
    if (this.#mode === "fail") throw new Error("UNAVAILABLE: the queue is away");
    if (this.#mode === "acknowledge") return;
    const held = Promise.withResolvers<void>();
    this.#held.push(held);
    await held.promise;
  }

  async publishAll(messages: readonly EncodedMessage[]): Promise<void> {
    await Promise.all(messages.map((message) => this.publish(message)));
  }

  set(mode: "acknowledge" | "hold" | "fail"): void {
    this.#mode = mode;
    this.#arrival = Promise.withResolvers();
  }

  /** Resolves once a message has come since the mode was set. */
  arrived(): Promise<void> {
    return this.#arrival.promise;
  }

  acknowledgeAll(): void {
    for (const held of this.#held.splice(0)) held.resolve();
  }
}

export interface ApiUnderTest {
  readonly app: FastifyInstance;
  readonly ledger: DraftLedger;
  readonly publisher: ScriptedPublisher;
  readonly clock: ManualClock;
  /** Every line of the log so far, parsed. */
  readonly events: readonly Record<string, unknown>[];
}

/** The whole HTTP interface over a real ledger in a folder of its own, with the queue's port in the test's hands. */
export async function anApi(
  t: TestContext,
  { clock = new ManualClock(), ...changes }: Partial<AppDeps> & { readonly clock?: ManualClock } = {},
): Promise<ApiUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-api-"));
  const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock });
  const ledger = new DraftLedger(store, { clock });
  const publisher = new ScriptedPublisher();
  const events: Record<string, unknown>[] = [];
  let counter = 0;
  const app = buildApp({
    ledger,
    publisher,
    mailboxes: parseMailboxPolicy(`${MAILBOX}, @team.example`),
    defaultMailbox: MAILBOX,
    orderingShards: 16,
    replayLeaseMs: 60_000,
    unitsPerMinute: 6_000,
    draftsPerDay: new DraftsPerDay(ledger.documents(RESERVED_DRAFTS), clock),
    admission: { kind: "everybody" },
    refusesPages: true,
    dependencies: [],
    metrics: openApiMetrics(ledger, clock),
    project: "demo",
    clock,
    newId: () => `generated-${++counter}`,
    log: createLogger("api", "info", collect(events)),
    ...changes,
  });
  t.after(async () => {
    publisher.acknowledgeAll();
    await app.close();
    await store.close();
    await rm(folder, { recursive: true });
  });
  return { app, ledger, publisher, clock, events };
}

export function post(app: FastifyInstance, url: string, body: unknown, headers: Record<string, string> = {}) {
  return app.inject({
    method: "POST",
    url,
    headers: { "content-type": "application/json", ...headers },
    payload: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
}

/** What a worker does to a record, so that a test can say how the request went on. */
export async function work(
  ledger: DraftLedger,
  id: string,
  outcome: "claim" | "create" | "fail" | "park",
): Promise<void> {
  const record = await ledger.get(id);
  if (record === null) throw new Error(`no record ${id}`);
  const claim = await ledger.claim(record);
  if (claim.kind !== "claimed") throw new Error(`not claimed: ${claim.kind}`);
  switch (outcome) {
    case "claim":
      return;
    case "create":
      await ledger.complete(claim, { draftId: "r-1", messageId: "m-1", threadId: "t-1" });
      return;
    case "fail":
      await ledger.fail(claim, { state: "failed", problem: problem("RECIPIENT_REJECTED", false), body: "{}" });
      return;
    case "park":
      await ledger.fail(claim, { state: "parked", problem: problem("DELEGATION_MISSING", true), body: "{}" });
      return;
    default:
      outcome satisfies never;
  }
}

/** A record as a message that came straight to the topic leaves it. */
export function aRecord(clock: ManualClock, changes: Partial<DraftRecord> & { readonly id: string }): DraftRecord {
  const base = { id: changes.id, mailbox: MAILBOX, to: ["ada@example.com"], subject: "Hello", bodyHash: "hash" };
  return { ...newDraftRecord(base, clock.nowMs()), ...changes };
}

function problem(code: string, retryable: boolean) {
  return { code, detail: `why ${code}`, retryable };
}

function collect(events: Record<string, unknown>[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      events.push(JSON.parse(String(chunk)));
      done();
    },
  });
}
