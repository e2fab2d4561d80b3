import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { KEY_KEPT_MS } from "@draftmill/api/idempotency-key.ts";
import { startApi } from "@draftmill/api/start.ts";
import { type Clock, systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { type AnswerBody, startTestStack, type TestStack } from "../support/local-stack.ts";
import { openTcpProxy } from "../support/tcp-proxy.ts";

const REQUEST = { to: "a@example.test", subject: "Once", message: "M" };
const CALL_MS = 30_000;
const MINUTE_MS = 60_000;
const LOOK_EVERY_MS = 2;

describe("a client that calls again gets one draft", { timeout: 120_000 }, () => {
  let folder: string;
  let stack: TestStack;
  let ledger: DraftLedger;
  let mailboxes = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-retries-"));
    stack = await startTestStack({ dataDir: folder });
    const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock: systemClock });
    ledger = new DraftLedger(store, { clock: systemClock });
  });
  after(async () => {
    await ledger.close();
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  const newMailbox = (): string => {
    mailboxes += 1;
    return `retry${mailboxes}@example.com`;
  };
  const postTo = (url: string, body: object, headers: Record<string, string>): Promise<Response> =>
    fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(CALL_MS),
    });
  const recordsOf = async (mailbox: string) => (await ledger.list({ mailbox, limit: 100 })).items;
  const draftIds = (mailbox: string): string[] => stack.google.drafts(mailbox).map(({ id }) => id);
  /** Every message of the topic has been dealt with: what is not a draft now never becomes one. */
  const atRest = async (): Promise<void> => stack.pubsub?.idle("draft-requests-push", AbortSignal.timeout(CALL_MS));

  for (const route of ["/v1/drafts", "/"]) {
    it(`POST ${route}, its answer lost on the way: the same key leads to the same request`, async (t) => {
      const mailbox = newMailbox();
      const headers = { "idempotency-key": "lost", prefer: "respond-async" };
      const cut = await openTcpProxy({ targets: () => [new URL(stack.apiUrl).host] });
      t.after(() => cut.close());
      cut.fault({ side: "answer", fault: { kind: "cut" } });
      await assert.rejects(postTo(`${cut.url}${route}`, { ...REQUEST, mailbox }, headers));
      const [record] = await recordsOf(mailbox);
      assert.ok(record, "the api had done its work");
      const again = await postTo(`${stack.apiUrl}${route}`, { ...REQUEST, mailbox }, { ...headers, prefer: "wait=20" });
      assert.equal(again.headers.get("idempotency-replayed"), "true");
      const body = (await again.json()) as AnswerBody;
      await atRest();
      const view = await stack.settled(record.id);
      assert.equal(route === "/" ? body.draft_id : body.draftId, view.draftId);
      assert.deepEqual(draftIds(mailbox), [view.draftId]);
      assert.equal((await recordsOf(mailbox)).length, 1);
    });
  }

  it("the api killed while the caller waits: the call again, at the api that came back, gets the draft", async () => {
    const mailbox = newMailbox();
    const headers = { "idempotency-key": "killed" };
    await stack.worker.stop();
    const lost = assert.rejects(postTo(`${stack.apiUrl}/`, { ...REQUEST, mailbox }, headers));
    while ((await recordsOf(mailbox)).length === 0) await systemClock.sleep(LOOK_EVERY_MS);
    const pid = stack.api.pid();
    process.kill(pid, "SIGKILL");
    await lost;
    await stack.api.restarted(pid);
    const again = postTo(`${stack.apiUrl}/`, { ...REQUEST, mailbox }, headers);
    await stack.worker.start();
    const answer = await again;
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("idempotency-replayed"), "true");
    const { draft_id } = (await answer.json()) as AnswerBody;
    await atRest();
    assert.deepEqual(draftIds(mailbox), [draft_id]);
    assert.equal((await recordsOf(mailbox)).length, 1);
  });

  it("fifty calls with one key at the same moment: one id, one draft, one call to Google", async () => {
    const mailbox = newMailbox();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        stack.post("/v1/drafts", { ...REQUEST, mailbox }, { "idempotency-key": "fifty" }),
      ),
    );
    for (const { status } of answers) assert.ok(status === 202 || status === 201, `answered ${status}`);
    const ids = new Set(answers.map(({ body }) => body.id));
    assert.equal(ids.size, 1);
    assert.equal(answers.filter(({ headers }) => headers.get("idempotency-replayed") === null).length, 1);
    const view = await stack.settled([...ids][0] ?? "");
    await atRest();
    assert.deepEqual(draftIds(mailbox), [view.draftId]);
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
  });

  it("a key with another body is refused, at the same moment too", async () => {
    const mailbox = newMailbox();
    const bodies = [
      { ...REQUEST, mailbox },
      { ...REQUEST, mailbox, subject: "Other" },
    ];
    const answers = await Promise.all(
      bodies.map((body) => stack.post("/v1/drafts", body, { "idempotency-key": "bodies" })),
    );
    assert.deepEqual(answers.map(({ status }) => status).sort(), [202, 422]);
    const refused = answers.find(({ status }) => status === 422);
    assert.equal(refused?.body.code, "KEY_REUSED");
    const accepted = answers.find(({ status }) => status === 202);
    const view = await stack.settled(accepted?.body.id ?? "");
    await atRest();
    assert.deepEqual(draftIds(mailbox), [view.draftId]);
  });

  it("after its seven days a key stands for a new request", async (t) => {
    const mailbox = newMailbox();
    const headers = { "idempotency-key": "week", prefer: "wait=20" };
    const first = await stack.post("/v1/drafts", { ...REQUEST, mailbox }, headers);
    assert.equal(first.status, 201);
    let aheadMs = KEY_KEPT_MS - MINUTE_MS;
    const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
    const environment = {
      AUTH_MODE: "none",
      HOST: "127.0.0.1",
      PORT: "0",
      LEDGER_URL: `sqlite:${join(folder, "ledger.db")}`,
      MAILBOXES: "@example.com",
      GOOGLE_CLOUD_PROJECT: stack.project,
      PUBSUB_EMULATOR_HOST: new URL(stack.pubsubUrl).host,
    };
    const later = await startApi(environment, { clock, log: createLogger("api", "silent") });
    t.after(() => later.close());
    const post = async (): Promise<AnswerBody> =>
      (await (await postTo(`${later.url}/v1/drafts`, { ...REQUEST, mailbox }, headers)).json()) as AnswerBody;
    assert.equal((await post()).id, first.body.id);
    aheadMs = KEY_KEPT_MS + MINUTE_MS;
    const fresh = await post();
    assert.notEqual(fresh.id, first.body.id);
    assert.equal(fresh.status, "created");
    await atRest();
    assert.equal(draftIds(mailbox).length, 2);
  });

  it("a dedupeKey that came over the topic stands over HTTP, in the body as in the attribute", async () => {
    const mailbox = newMailbox();
    const keyed = { ...REQUEST, mailbox, dedupeKey: "order-1" };
    await stack.publish(JSON.stringify({ ...REQUEST, mailbox }), { dedupeKey: "order-1" });
    while ((await recordsOf(mailbox)).length === 0) await systemClock.sleep(LOOK_EVERY_MS);
    const answer = await stack.post("/v1/drafts", keyed, { prefer: "wait=20" });
    assert.equal(answer.headers.get("idempotency-replayed"), "true");
    await stack.publish(JSON.stringify(keyed));
    await atRest();
    assert.deepEqual(draftIds(mailbox), [answer.body.draftId]);
    assert.equal((await recordsOf(mailbox)).length, 1);
  });

  it("another body under a dedupeKey is refused over HTTP and a dead letter over the topic; the first draft stays", async () => {
    const mailbox = newMailbox();
    const keyed = { ...REQUEST, mailbox, dedupeKey: "order-2" };
    const other = { ...keyed, subject: "Other" };
    const first = await stack.post("/v1/drafts", keyed, { prefer: "wait=20" });
    assert.equal(first.body.status, "created");
    const refused = await stack.post("/v1/drafts", other);
    assert.deepEqual([refused.status, refused.body.code], [422, "KEY_REUSED"]);
    const messageId = await stack.publish(JSON.stringify(other));
    const [letter] = await stack.pullDeadLetters(1);
    assert.equal(letter?.attributes.draftmillCode, "REQUEST_ID_REUSED");
    assert.equal(letter?.attributes.draftmillSourceMessageId, messageId);
    await atRest();
    assert.deepEqual(draftIds(mailbox), [first.body.draftId]);
    assert.equal((await stack.settled(first.body.id)).status, "created");
  });
});
