import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LogEvent } from "@draftmill/local/service-process.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type FaultStack, startFaultStack } from "./fault-stack.ts";
import { createRecoveryTimes } from "./recovery-times.ts";
import { createRequests, type Requests, recoveredIn } from "./requests.ts";

const BACK_MS = -300_000;
const REQUESTS = 40;
/** As many as Pub/Sub has out when the clock steps. */
const CLAIMED = 10;
const LOOK_EVERY_MS = 5;

describe("the workers' wall clock goes back five minutes between claims and their creates", { timeout: 60_000 }, () => {
  let stack: FaultStack;
  let requests: Requests;
  const recovery = createRecoveryTimes();
  before(async () => {
    stack = await startFaultStack({
      workerClocksMs: [0, 0],
      environment: { CLOCK_STEP_MS: String(BACK_MS) },
      pubsub: { pushWindow: { initial: CLAIMED, max: CLAIMED, min: CLAIMED } },
    });
    requests = createRequests(stack);
  });
  after(() => stack.finish());

  /** SQLite is for one machine, whose processes have one clock. */
  const stepClocks = async (): Promise<void> => {
    const stepped = stack.workers.map((_, worker) =>
      stack.next((event) => event.message === "clock.stepped" && event.instance === worker),
    );
    for (const worker of stack.workers) process.kill(worker.pid(), "SIGUSR2");
    await Promise.all(stepped);
  };
  const settled = ({ message }: LogEvent): boolean => message === "draft.settled";

  it("no create leaves under a claim of another time; one create and one draft each", async (t) => {
    // The user's token comes between the claim and the create.
    const held = stack.lines.google.fault({ side: "answer", upon: ":signJwt", fault: { kind: "hold" } });
    const published = Array.from({ length: REQUESTS }, (_, n) => ({
      mailbox: requests.newMailbox(),
      id: `stepped-${n}`,
    }));
    const ids = published.map(({ id }) => id);
    await requests.publishAll(published);
    while ((await stack.ledger.countByState()).processing < CLAIMED) await systemClock.sleep(LOOK_EVERY_MS);
    await stepClocks();
    assert.equal(stack.google.calls.count("drafts.create"), 0);
    held.end();
    await stack.next(settled);
    const forwardMs = Date.now();
    await stepClocks();

    const records = await requests.ended(ids);
    recovery.note("clock five minutes back, then right again", recoveredIn(records, forwardMs));
    const { created } = await requests.account();
    assert.equal(created, REQUESTS);
    assert.equal(stack.google.calls.count("drafts.create"), REQUESTS);
    const spent = records.filter(({ claims }) => claims > 1).length;
    assert.ok(spent > 0, "no claim was out when the clock stepped");
    t.diagnostic(`${CLAIMED} claims were out, ${spent} requests were claimed again as their claim was of another time`);
    for (const row of recovery.table()) t.diagnostic(row);
  });
});
