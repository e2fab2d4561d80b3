import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LogEvent } from "@draftmill/local/service-process.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";

const AHEAD_MS = 63_000;
/** What is due in 63 s is then due in one. */
const STEP_MS = 62_000;
const CALL_MS = 30_000;
const LOOK_EVERY_MS = 10;

interface Told {
  readonly id: string;
  readonly status: string;
  readonly note: string | null;
  readonly notBefore: string | null;
  readonly total: number;
  readonly matching: number;
  readonly counts: Readonly<Record<string, number>>;
}

describe("a request with notBefore waits for its time, by whatever way it came", { timeout: 90_000 }, () => {
  let stack: FaultStack;
  before(async () => {
    stack = await startFaultStack({ workerClocksMs: [0], environment: { CLOCK_STEP_MS: String(STEP_MS) } });
  });
  after(() => stack.finish());

  const call = async (path: string, init: RequestInit = {}): Promise<{ status: number; body: Told }> => {
    const answer = await fetch(`${stack.api.url}${path}`, { signal: AbortSignal.timeout(CALL_MS), ...init });
    return { status: answer.status, body: (await answer.json()) as Told };
  };
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const type = { "content-type": "application/json" };
    return call(path, { method: "POST", headers: { ...type, ...headers }, body: JSON.stringify(body) });
  };
  const requestAt = (mailbox: string, notBefore: string) => ({
    to: "a@example.test",
    subject: `For ${mailbox}`,
    message: "M",
    mailbox,
    notBefore,
  });
  const settled = (id: string, outcome: string) => (event: LogEvent) =>
    event.message === "draft.settled" && event.requestId === id && event.outcome === outcome;

  it("is set aside, survives a kill -9, is no failure, can be canceled with its batch, and is made in time", async () => {
    const dueMs = Date.now() + AHEAD_MS;
    const soon = new Date(dueMs).toISOString();
    const tomorrow = new Date(dueMs + 86_400_000).toISOString();
    const root = await post("/", requestAt("root@example.com", soon));
    assert.deepEqual([root.status, root.body.status], [202, "queued"]);
    const waited = await post("/v1/drafts", requestAt("drafts@example.com", soon), { prefer: "wait=60" });
    assert.deepEqual([waited.status, waited.body.status], [202, "queued"]);
    const items = [1, 2].map((n) => requestAt(`batch${n}@example.com`, soon));
    const batch = (await post("/v1/batches", { items })).body.id;
    const later = (await post("/v1/batches", { items: [requestAt("later@example.com", tomorrow)] })).body.id;
    const file = `to,subject,message,mailbox,notBefore\na@example.test,F,M,file@example.com,${soon}\n`;
    const headers = { "content-type": "text/csv" };
    const imported = (await call("/v1/imports", { method: "POST", headers, body: file })).body.id;
    const data = Buffer.from(JSON.stringify(requestAt("topic@example.com", soon))).toString("base64");
    const messages = [{ data, attributes: { id: "from-topic" } }];
    const topic = `${stack.pubsub().url}/v1/projects/${stack.project}/topics/draft-requests:publish`;
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ messages }),
    };
    assert.equal((await fetch(topic, { ...init, signal: AbortSignal.timeout(CALL_MS) })).status, 200);

    const inBatches = (
      await Promise.all([batch, later, imported].map((id) => stack.ledger.list({ batch: id, limit: 9 })))
    ).flatMap(({ items: records }) => records);
    const listed = async () => (await stack.ledger.list({ state: "queued", limit: 20 })).items;
    while ((await listed()).filter(({ note }) => note === "scheduled").length < 7) {
      await systemClock.sleep(LOOK_EVERY_MS);
    }
    assert.ok(inBatches.length <= 4);
    for (const id of [root.body.id, waited.body.id, "from-topic"]) {
      const { status, note, notBefore } = (await call(`/v1/drafts/${id}`)).body;
      assert.deepEqual([status, note, notBefore], ["queued", "scheduled", soon], id);
    }

    await stack.sweep();
    const pid = stack.worker.pid();
    process.kill(pid, "SIGKILL");
    await stack.worker.restarted(pid);
    const estimate = await post("/v1/replays", { filter: {}, dryRun: true });
    assert.equal(estimate.body.matching, 0);
    assert.equal(stack.google.calls.count("drafts.create"), 0);

    await post(`/v1/batches/${later}/cancel`, {});
    await stack.sweep();
    assert.equal((await call(`/v1/batches/${later}`)).body.counts.canceled, 1);

    const stepped = stack.next(({ message }) => message === "clock.stepped");
    process.kill(stack.worker.pid(), "SIGUSR2");
    await stepped;
    const made = stack.next(settled("from-topic", "created"));
    await stack.sweep();
    const { atMs } = await made;
    assert.ok(atMs + STEP_MS >= dueMs, `made ${dueMs - STEP_MS - atMs} ms too early`);
    for (const id of [batch, imported]) {
      while ((await call(`/v1/batches/${id}`)).body.counts.created !== (await call(`/v1/batches/${id}`)).body.total)
        await systemClock.sleep(LOOK_EVERY_MS);
    }
    for (const mailbox of ["root", "drafts", "batch1", "batch2", "file", "topic"])
      assert.equal(stack.google.drafts(`${mailbox}@example.com`).length, 1, mailbox);
    assert.deepEqual(stack.google.drafts("later@example.com"), []);
    for (const { claims, generation } of (await stack.ledger.list({ state: "created", limit: 20 })).items)
      assert.deepEqual([claims, generation], [1, 1]);
  });
});
