import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { startServiceProcess } from "@draftmill/local/service-process.ts";
import { pushOf, type Surroundings, startSurroundings, startWorkerProcess } from "./worker-under-test.ts";

const REQUEST = { to: "a@example.com", subject: "s", message: "m" };

describe("the worker as a process", { timeout: 60_000 }, () => {
  it("does not start on an environment that cannot be used, and tells all that is wrong", async () => {
    const starting = startServiceProcess("worker", {
      environment: { PORT: "80a", PUSH_AUTH_MODE: "none", LEDGER_URL: "mysql://x" },
      onEvent: () => {},
    });
    await assert.rejects(starting, (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /ended with code 1/);
      assert.match(error.message, /worker\.refused-to-start/);
      for (const name of ["PORT", "LEDGER_URL", "GMAIL_USER or MAILBOXES", "PUSH_AUTH_MODE is none"]) {
        assert.ok(error.message.includes(name), name);
      }
      return true;
    });
  });

  it("logs its settings at the start, the mailboxes among them", async (t) => {
    const worker = await startWorkerProcess(await surroundingsOf(t));
    await worker.stop();
    const starting = worker.events.find(({ message }) => message === "worker.starting");
    const { MAILBOXES, PUSH_AUTH_MODE, GMAIL_SCOPE } = Object(starting?.config);
    assert.deepEqual(MAILBOXES, { addresses: [], domains: ["example.com"] });
    assert.equal(PUSH_AUTH_MODE, "oidc");
    assert.equal(GMAIL_SCOPE, "https://www.googleapis.com/auth/gmail.compose");
    assert.equal(await worker.exited, 0);
  });

  it("on SIGTERM lets a call to Gmail end and acknowledges its draft, gives up what waits, and exits 0", async (t) => {
    const surroundings = await surroundingsOf(t);
    const { google } = surroundings;
    const worker = await startWorkerProcess(surroundings);
    google.faults.next("drafts.create", 1, { kind: "answer", error: "retryAfter" }, "waits@example.com");
    const waiting = worker.push(pushOf({ ...REQUEST, mailbox: "waits@example.com" }));
    while (google.calls.count("drafts.create", "waits@example.com") === 0) await turn();
    google.faults.next("drafts.create", 1, { kind: "stall", ms: 1_000 }, "calls@example.com");
    const calling = worker.push(pushOf({ ...REQUEST, mailbox: "calls@example.com" }));
    while (google.faults.pending().length > 0) await turn();
    const startedMs = performance.now();
    await worker.stop();
    const tookMs = performance.now() - startedMs;
    assert.equal(await worker.exited, 0);
    assert.equal(await waiting, 503);
    assert.equal(await calling, 204);
    assert.ok(tookMs < 3_000, `${Math.round(tookMs)} ms`);
    assert.equal(google.drafts("calls@example.com").length, 1);
    assert.equal(google.drafts("waits@example.com").length, 0);
    const gaveUp = worker.events.find(({ outcome }) => outcome === "retry");
    assert.equal(gaveUp?.code, "GMAIL_THROTTLED");
  });
});

async function surroundingsOf(t: TestContext): Promise<Surroundings> {
  const surroundings = await startSurroundings();
  t.after(() => surroundings.lifecycle.close());
  return surroundings;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
