import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const LEASE_MS = 1_200;
const REQUEST = { to: "a@example.test", subject: "Swept", message: "M" };

describe("the sweep leaves one draft for each request at rest", { timeout: 120_000 }, () => {
  let folder: string;
  let stack: TestStack;
  let ledger: DraftLedger;
  let mailboxes = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-sweep-"));
    stack = await startTestStack({
      dataDir: folder,
      environment: { CLAIM_LEASE_MS: String(LEASE_MS), GOOGLE_TIMEOUT_MS: "200" },
    });
    const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock: systemClock });
    ledger = new DraftLedger(store, { clock: systemClock, leaseMs: LEASE_MS });
  });
  after(async () => {
    await ledger.close();
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  const newMailbox = (): string => {
    mailboxes += 1;
    return `sweep${mailboxes}@example.com`;
  };
  const submit = async (mailbox: string, fields: object = {}): Promise<string> =>
    (await stack.post("/v1/drafts", { ...REQUEST, ...fields, mailbox })).body.id;
  const draftIds = (mailbox: string): string[] => stack.google.drafts(mailbox).map(({ id }) => id);
  /** Sweeps until it has found what the caller waits for. */
  const sweepUntil = async (done: () => Promise<boolean>): Promise<void> => {
    while (!(await done())) await stack.sweep();
  };
  /** A create that Gmail carries out when another claim has already looked and made a draft. */
  const landLate = async (mailbox: string, fields: object = {}): Promise<string> => {
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 2 * LEASE_MS }, mailbox);
    const id = await submit(mailbox, fields);
    const view = await stack.settled(id);
    assert.equal(view.status, "created");
    while (draftIds(mailbox).length < 2) await new Promise((turn) => setTimeout(turn, 20));
    return id;
  };

  it("a create that lands after its lease: the second draft goes, the one on record stays", async () => {
    const mailbox = newMailbox();
    const id = await landLate(mailbox);
    await sweepUntil(async () => draftIds(mailbox).length === 1);
    assert.deepEqual(draftIds(mailbox), [(await ledger.get(id))?.draftId]);
    await stack.logged((event) => event.message === "draft.extra-deleted" && event.requestId === id);
  });

  it("the second draft stays when a person has worked on it", async () => {
    const mailbox = newMailbox();
    const id = await landLate(mailbox);
    const { draftId } = (await ledger.get(id)) ?? {};
    const extra = draftIds(mailbox).find((other) => other !== draftId) ?? "";
    stack.google.admin.editDraft(mailbox, extra);
    await sweepUntil(async () => (await ledger.get(id))?.looks === 1);
    assert.equal(draftIds(mailbox).length, 2);
    await stack.logged((event) => event.message === "draft.extra-kept" && event.draftId === extra);
  });

  it("the second draft stays in a thread that was there before: whether it was touched cannot be told", async () => {
    const mailbox = newMailbox();
    const threadId = stack.google.admin.addThread(mailbox, REQUEST.subject);
    const id = await landLate(mailbox, { threadId, inReplyTo: "<a@example.com>" });
    await sweepUntil(async () => (await ledger.get(id))?.looks === 1);
    assert.equal(draftIds(mailbox).length, 2);
    await stack.logged((event) => event.message === "draft.extra-kept" && event.requestId === id);
    assert.equal((await ledger.get(id))?.threadId, threadId);
  });

  it("looks three times after a doubtful completion, then never again", async () => {
    const mailbox = newMailbox();
    stack.google.faults.next("drafts.create", 1, { kind: "drop", after: true }, mailbox);
    const id = await submit(mailbox);
    await stack.settled(id);
    assert.notEqual((await ledger.get(id))?.dueAtMs, null);
    await sweepUntil(async () => (await ledger.get(id))?.dueAtMs === null);
    assert.equal((await ledger.get(id))?.looks, 3);
    assert.equal(draftIds(mailbox).length, 1);
  });

  it("a draft made at once is never looked for", async () => {
    const mailbox = newMailbox();
    const id = await submit(mailbox);
    await stack.settled(id);
    assert.equal((await ledger.get(id))?.dueAtMs, null);
    await stack.sweep();
    assert.equal(stack.google.calls.count("drafts.list", mailbox), 0);
  });

  it("a replay that died before its publish is published", async () => {
    const mailbox = newMailbox();
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, mailbox);
    const id = await submit(mailbox);
    assert.equal((await stack.settled(id)).status, "failed");
    assert.equal((await ledger.replay(id)).kind, "moved");
    await sweepUntil(async () => (await ledger.get(id))?.state === "created");
    assert.equal(draftIds(mailbox).length, 1);
    assert.equal((await ledger.get(id))?.generation, 2);
  });

  it("a failed request whose draft landed after all is found and adopted", async () => {
    const mailbox = newMailbox();
    // Refused for good, after an attempt of which nobody knows what came.
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 2 * LEASE_MS }, mailbox);
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, mailbox);
    const id = await submit(mailbox);
    assert.equal((await stack.settled(id)).status, "failed");
    await sweepUntil(async () => (await ledger.get(id))?.state === "created");
    assert.deepEqual(draftIds(mailbox), [(await ledger.get(id))?.draftId]);
  });

  it("two sweeps at once do no more than one", async () => {
    const mailbox = newMailbox();
    const id = await landLate(mailbox);
    const dueAtMs = (await ledger.get(id))?.dueAtMs ?? 0;
    while (Date.now() < dueAtMs) await new Promise((turn) => setTimeout(turn, 20));
    await Promise.all([stack.sweep(), stack.sweep()]);
    assert.deepEqual(draftIds(mailbox), [(await ledger.get(id))?.draftId]);
  });

  it("asks for a token", async () => {
    const answer = await fetch(`${stack.worker.url}/sweep`, { method: "POST", signal: AbortSignal.timeout(5_000) });
    assert.equal(answer.status, 401);
    await answer.body?.cancel();
  });
});
