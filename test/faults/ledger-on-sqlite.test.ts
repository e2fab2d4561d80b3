import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const CREATE = "POST /gmail/v1/users/me/drafts";

describe("a SQLite file that is locked or on a full disk", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack();
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  const creates = (): number => stack.google.calls.count("drafts.create");
  /** No file of the process grows or changes any more, as on a disk with no space; or again it may. */
  const limitFiles = (pid: number, bytes: "0" | "unlimited"): Promise<unknown> =>
    promisify(execFile)("prlimit", [`--pid=${pid}`, `--fsize=${bytes}:unlimited`]);
  const unavailable = ({ message, code }: { message: string; code?: unknown }): boolean =>
    message === "draft.settled" && code === "LEDGER_UNAVAILABLE";

  it("locked by another process for longer than is waited: nothing is acknowledged, no create leaves", async () => {
    const before = creates();
    const other = new DatabaseSync(join(stack.folder, "ledger.db"));
    other.exec("BEGIN IMMEDIATE");
    const ids = Array.from({ length: 5 }, (_, index) => `locked-${index}`);
    try {
      await Promise.all(ids.map((id) => requests.publish(requests.newMailbox(), id)));
      await stack.next(unavailable);
      assert.equal(creates(), before);
    } finally {
      other.close();
    }
    const endMs = Date.now();
    const records = await requests.ended(ids);
    recovery.note("locked", recoveredIn(records, endMs));
    assert.ok(records.every(({ state }) => state === "created"));
    await requests.account();
  });

  it("the worker's disk full before the claim: 503 to Pub/Sub, no create leaves", async () => {
    const before = creates();
    const ids = Array.from({ length: 5 }, (_, index) => `full-${index}`);
    await limitFiles(stack.worker.pid(), "0");
    await Promise.all(ids.map((id) => requests.publish(requests.newMailbox(), id)));
    await stack.next(unavailable);
    assert.equal(creates(), before);
    await limitFiles(stack.worker.pid(), "unlimited");
    const endMs = Date.now();
    const records = await requests.ended(ids);
    recovery.note("disk full at the claim", recoveredIn(records, endMs));
    assert.ok(records.every(({ state, claims }) => state === "created" && claims === 1));
    await requests.account();
  });

  it("the worker's disk full after the create: never on record as created without it; found, not made again", async () => {
    const mailbox = requests.newMailbox();
    const held = stack.lines.google.fault({ side: "answer", upon: CREATE, fault: { kind: "hold" } });
    const [id = ""] = await requests.submit(mailbox);
    await held.met();
    await limitFiles(stack.worker.pid(), "0");
    held.end();
    await stack.next((event) => unavailable(event) && event.requestId === id);
    assert.equal((await stack.ledger.get(id))?.state, "processing");
    await limitFiles(stack.worker.pid(), "unlimited");
    const endMs = Date.now();
    const records = await requests.ended([id]);
    recovery.note("disk full after the create", recoveredIn(records, endMs));
    assert.equal(records[0]?.state, "created");
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
    await requests.account();
  });

  it("the api's disk full: 503, nothing published; the client that asks again has one draft", async () => {
    const mailbox = requests.newMailbox();
    await limitFiles(stack.api.pid(), "0");
    const { status } = await requests.post(mailbox, "no-space");
    assert.equal(status, 503);
    await limitFiles(stack.api.pid(), "unlimited");
    const { id } = await requests.post(mailbox, "no-space");
    await requests.ended([id]);
    await requests.account();
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });

  it("tells how long recovery took", (t) => {
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
