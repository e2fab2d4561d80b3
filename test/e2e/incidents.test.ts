import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startTestStack, type TestStack } from "../support/local-stack.ts";

const REQUEST = { to: "a@example.test", subject: "S", message: "M" };
const REQUESTS = 30;

interface IncidentView {
  readonly id: string;
  readonly status: string;
  readonly mailbox: string;
  readonly code: string;
  readonly probes: number;
  readonly closedBy: string | null;
}

describe("what an administrator must mend is one incident, not a thousand failures", { timeout: 120_000 }, () => {
  let stack: TestStack;
  let mailboxes = 0;
  before(async () => {
    stack = await startTestStack({ environment: { CLAIM_LEASE_MS: "1500", GOOGLE_TIMEOUT_MS: "250" } });
  });
  after(() => stack.finish());

  const newMailbox = (): string => {
    mailboxes += 1;
    return `incident${mailboxes}@example.com`;
  };
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${stack.apiUrl}${path}`, { signal: AbortSignal.timeout(10_000) })).json()) as T;
  const incidentOf = async (mailbox: string): Promise<IncidentView | undefined> =>
    (await get<{ items: IncidentView[] }>("/v1/incidents")).items.find((incident) => incident.mailbox === mailbox);
  const submit = async (mailbox: string): Promise<string> =>
    (await stack.post("/v1/drafts", { ...REQUEST, mailbox })).body.id;
  const callsFor = (mailbox: string): number =>
    stack.google.calls.list().filter((call) => call.mailbox === mailbox).length;
  /** One request that meets the failure, then many that only find the incident. */
  const park = async (mailbox: string): Promise<readonly string[]> => {
    const first = await submit(mailbox);
    assert.equal((await stack.settled(first)).status, "parked");
    await stack.logged((event) => event.message === "draft.settled" && event.requestId === first);
    const calls = callsFor(mailbox);
    const others = await Promise.all(Array.from({ length: REQUESTS - 1 }, () => submit(mailbox)));
    const views = await Promise.all(others.map((id) => stack.settled(id)));
    for (const view of views) assert.equal(view.status, "parked");
    assert.equal(callsFor(mailbox), calls, "Google was asked for a mailbox whose incident is open");
    return [first, ...others];
  };
  const sweepUntilCreated = async (ids: readonly string[]): Promise<void> => {
    for (const id of ids) {
      for (;;) {
        const { status } = await get<{ status: string }>(`/v1/drafts/${id}`);
        if (status === "created") break;
        await stack.sweep();
      }
    }
  };

  it("parks what follows without a call to Google, and takes it up once a probe succeeds", async () => {
    const mailbox = newMailbox();
    stack.google.admin.disableMail(mailbox);
    const ids = await park(mailbox);
    const opened = stack.events.filter(({ message, code }) => message === "incident.opened" && code === "GMAIL_OFF");
    assert.equal(opened.length, 1);
    const { status, probes } = (await incidentOf(mailbox)) ?? {};
    assert.deepEqual([status, probes], ["open", 0]);

    const healthy = newMailbox();
    assert.equal((await stack.settled(await submit(healthy))).status, "created");

    stack.google.admin.restoreUser(mailbox);
    await sweepUntilCreated(ids);
    const closed = await incidentOf(mailbox);
    assert.deepEqual([closed?.status, closed?.closedBy], ["closed", "probe"]);
    assert.equal(stack.google.drafts(mailbox).length, REQUESTS);
  });

  it("probes ever more rarely while it lasts", async () => {
    const mailbox = newMailbox();
    stack.google.admin.disableMail(mailbox);
    assert.equal((await stack.settled(await submit(mailbox))).status, "parked");
    const startedMs = Date.now();
    while (((await incidentOf(mailbox))?.probes ?? 0) < 3) await stack.sweep();
    // 0.5 s, then 1 s and 2 s after the probe before.
    assert.ok(Date.now() - startedMs > 3_000, `three probes within ${Date.now() - startedMs} ms`);
    assert.equal((await incidentOf(mailbox))?.status, "open");
  });

  it("a replay by an operator closes it and takes everything up", async () => {
    const mailbox = newMailbox();
    stack.google.admin.disableMail(mailbox);
    const ids = await park(mailbox);
    stack.google.admin.restoreUser(mailbox);
    const { body } = await stack.post("/v1/replays", { filter: { mailbox, code: "GMAIL_OFF" } });
    // Until then a request may still be parked, which counts as settled.
    await stack.logged(({ message, replay }) => message === "replay.finished" && replay === body.id);
    for (const id of ids) await stack.settled(id);
    const replay = await get<{ requeued: number; status: string }>(`/v1/replays/${body.id}`);
    assert.equal(replay.requeued, REQUESTS);
    assert.equal((await incidentOf(mailbox))?.closedBy, "replay");
    assert.equal(stack.google.drafts(mailbox).length, REQUESTS);
  });

  it("survives a restart of the worker", async () => {
    const mailbox = newMailbox();
    stack.google.admin.disableMail(mailbox);
    assert.equal((await stack.settled(await submit(mailbox))).status, "parked");
    await stack.worker.stop();
    await stack.worker.start();
    assert.equal((await stack.settled(await submit(mailbox))).status, "parked");
    assert.equal((await incidentOf(mailbox))?.status, "open");
  });
});
