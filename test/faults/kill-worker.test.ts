import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LineFaultHandle } from "../support/tcp-proxy.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

/** Requests, each of a mailbox of its own, that are under way when the worker is killed. */
const AT_ONCE = 5;

const CREATE = "POST /gmail/v1/users/me/drafts";

describe("kill -9 of the worker, seen from the wire", { timeout: 120_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack();
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  /** Holds what the plan says, kills the worker once that many connections wait there, then lets it land or not. */
  const killOn = async (fault: LineFaultHandle, waiting: number, lands: boolean): Promise<number> => {
    await fault.met(waiting);
    const killedMs = Date.now();
    process.kill(stack.worker.pid(), "SIGKILL");
    if (lands) fault.end();
    else fault.drop();
    return killedMs;
  };
  /** A process that has no token and no connection yet. */
  const renewWorker = async (): Promise<void> => {
    const pid = stack.worker.pid();
    process.kill(pid, "SIGKILL");
    await stack.worker.restarted(pid);
  };

  const STEPS = [
    { what: "while the push arrives", line: "push", side: "request", upon: "POST /push", waiting: AT_ONCE },
    {
      what: "while it asks for its own token",
      line: "google",
      side: "answer",
      upon: "GET /computeMetadata",
      waiting: 1,
      renewed: true,
    },
    { what: "while signJwt answers", line: "google", side: "answer", upon: ":signJwt", waiting: AT_ONCE },
    { what: "while the token endpoint answers", line: "google", side: "answer", upon: "POST /token", waiting: AT_ONCE },
    { what: "create sent, never arrives", line: "google", side: "request", upon: CREATE, waiting: AT_ONCE },
    {
      what: "create sent, arrives afterwards",
      line: "google",
      side: "request",
      upon: CREATE,
      waiting: AT_ONCE,
      lands: true,
    },
    { what: "draft saved, not answered", line: "google", side: "answer", upon: CREATE, waiting: AT_ONCE },
    { what: "all done but the answer to Pub/Sub", line: "push", side: "answer", upon: "POST /push", waiting: AT_ONCE },
  ] as const;

  for (const { what, line, side, upon, waiting, ...rest } of STEPS) {
    it(`${what}: one draft each`, async () => {
      if ("renewed" in rest) await renewWorker();
      const fault = stack.lines[line].fault({ side, upon, fault: { kind: "hold" } });
      const ids = await requests.submitEach(AT_ONCE);
      const killedMs = await killOn(fault, waiting, "lands" in rest);
      const records = await requests.ended(ids);
      recovery.note(what, recoveredIn(records, killedMs));
      assert.deepEqual(new Set(records.map(({ state }) => state)), new Set(["created"]));
      await requests.account();
    });
  }

  it("tells how long recovery took", (t) => {
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
