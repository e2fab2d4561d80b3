import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type DraftRecord, type FailureState, newDraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { INCIDENTS } from "@draftmill/shared/incident/incident.ts";
import { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { REPLAYS, type Replay } from "@draftmill/shared/replay/replay.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import { reckon } from "../support/reckoning.ts";

const LEASE_MS = 3_000;
const REPLAY_LEASE_MS = 1_000;
const CALL_MS = 10_000;
const LOOK_EVERY_MS = 2;

interface ReplayView {
  readonly id: string;
  readonly status: Replay["state"];
  readonly requeued: number;
  readonly skipped: Readonly<Record<string, number>>;
  readonly finishedAt: string | null;
}

interface Seeds {
  readonly count: number;
  readonly mailboxes: readonly string[];
  readonly state?: FailureState;
  readonly code?: string;
  readonly batch?: string;
  readonly hasBody?: boolean;
}

describe("a replay takes each failed request up once, whatever breaks on the way", { timeout: 240_000 }, () => {
  let folder: string;
  let stack: TestStack;
  let ledger: DraftLedger;
  let seeded = 0;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "draftmill-replays-"));
    stack = await startTestStack({
      dataDir: folder,
      environment: {
        CLAIM_LEASE_MS: String(LEASE_MS),
        GOOGLE_TIMEOUT_MS: "500",
        REPLAY_LEASE_MS: String(REPLAY_LEASE_MS),
      },
      google: { unitsPerMinute: 1_000_000 },
    });
    const store = await openLedger(`sqlite:${join(folder, "ledger.db")}`, { clock: systemClock });
    ledger = new DraftLedger(store, { clock: systemClock, leaseMs: LEASE_MS });
  });
  after(async () => {
    await ledger.close();
    await stack.finish();
    await rm(folder, { recursive: true });
  });

  /** Failures on record as an incident of their mailbox leaves them: never claimed, the body kept. */
  const seed = async ({ count, mailboxes, state, code, batch, hasBody = true }: Seeds): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let n = 0; n < count; n++) {
      seeded += 1;
      const body = {
        to: "ada@example.com",
        subject: `No. ${seeded}`,
        message: "M",
        mailbox: mailboxes[n % mailboxes.length],
      };
      const parsed = parseDraftRequest(body, null);
      assert.ok(parsed.ok);
      const { mailbox, subject } = parsed.request;
      const id = `seeded-${seeded}`;
      const about = { id, mailbox, to: ["ada@example.com"], subject, bodyHash: fingerprint(parsed.request) };
      const record = newDraftRecord({ ...about, batch: batch ?? null }, Date.now());
      const problem = { code: code ?? "GMAIL_OFF", detail: "why", retryable: true };
      const text = hasBody ? JSON.stringify(body) : null;
      await ledger.failUnclaimed(record, { state: state ?? "parked", problem, body: text });
      ids.push(id);
    }
    return ids;
  };
  const order = async (body: object): Promise<string> => {
    // What fails in the very millisecond of the order counts as having failed after it.
    await systemClock.sleep(LOOK_EVERY_MS);
    const answer = await stack.post("/v1/replays", body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const view = async (id: string): Promise<ReplayView> =>
    (await (
      await fetch(`${stack.apiUrl}/v1/replays/${id}`, { signal: AbortSignal.timeout(CALL_MS) })
    ).json()) as ReplayView;
  const until = async (fact: () => Promise<boolean>): Promise<void> => {
    while (!(await fact())) await systemClock.sleep(LOOK_EVERY_MS);
  };
  const ended = (id: string): Promise<unknown> =>
    stack.logged((event) => event.message === "replay.finished" && event.replay === id);
  const recordsOf = async (mailbox: string): Promise<readonly DraftRecord[]> =>
    (await ledger.list({ mailbox, limit: 1_000 })).items;
  const countIn = async (mailboxes: readonly string[], states: readonly DraftRecord["state"][]): Promise<number> => {
    const counts = await Promise.all(mailboxes.map((mailbox) => ledger.countByState({ mailbox })));
    return counts.reduce((sum, count) => states.reduce((all, state) => all + count[state], sum), 0);
  };
  /** Nothing is on its way any more, neither in the ledger nor in the queue. */
  const atRest = async (mailboxes: readonly string[]): Promise<void> => {
    await until(async () => (await countIn(mailboxes, ["queued", "processing"])) === 0);
    await stack.idle(AbortSignal.timeout(CALL_MS));
  };
  const books = async (accepted: readonly string[], mailboxes: readonly string[]) => {
    const drafts = mailboxes.flatMap((mailbox) =>
      stack.google.drafts(mailbox).map(({ id, headers }) => ({
        mailbox,
        draftId: id,
        requestId: headers.find(({ name }) => name.toLowerCase() === "x-draftmill-id")?.value ?? null,
      })),
    );
    const records = (await Promise.all(mailboxes.map(recordsOf))).flat();
    const { created, explained, lost, duplicated, unexplained } = reckon({ accepted, records, drafts });
    assert.deepEqual({ lost, duplicated, unexplained }, { lost: [], duplicated: [], unexplained: [] });
    return { created, explained, records };
  };
  const createsIn = (mailboxes: readonly string[]): number =>
    mailboxes.reduce((sum, mailbox) => sum + stack.google.calls.count("drafts.create", mailbox), 0);

  it("a thousand requests, the api killed in the midst of a page: the sweep goes on, and every one is counted", async () => {
    const mailboxes = Array.from({ length: 10 }, (_, n) => `thousand${n}@example.com`);
    const ids = await seed({ count: 1_000, mailboxes, code: "GMAIL_OFF" });
    const id = await order({ filter: { code: "GMAIL_OFF" } });
    // More rows moved than the replay has counted: it is in the midst of a page.
    await until(async () => {
      const counted = (await ledger.documents(REPLAYS).get(id))?.requeued ?? 0;
      const moved = 1_000 - (await countIn(mailboxes, ["parked"]));
      return counted >= 300 && moved >= counted + 20;
    });
    const pid = stack.api.pid();
    process.kill(pid, "SIGKILL");
    await stack.api.restarted(pid);
    const left = await countIn(mailboxes, ["parked"]);
    assert.ok(left > 100 && left < 700, `${left} are left`);
    const counted = (await ledger.documents(REPLAYS).get(id))?.requeued ?? 0;
    assert.ok(1_000 - left > counted, "the kill came between two pages");

    await until(async () => {
      await stack.sweep();
      return (await view(id)).status !== "running" && (await countIn(mailboxes, ["queued", "processing"])) === 0;
    });
    await atRest(mailboxes);
    const done = await view(id);
    assert.deepEqual([done.status, done.requeued, done.skipped], ["done", 1_000, {}]);
    assert.notEqual(done.finishedAt, null);
    const { created, records } = await books(ids, mailboxes);
    assert.equal(created, 1_000);
    assert.equal(createsIn(mailboxes), 1_000);
    // A second generation is the sweep's, for a row that was recorded and not published when the api died.
    const again = records.filter(({ generation }) => generation !== 1);
    assert.ok(again.length <= 10, `${again.length} were published more than once`);
  });

  it("canceled midway: what was taken up has its draft, the rest stays failed, and the count is that of the drafts", async () => {
    const mailboxes = ["canceled0@example.com", "canceled1@example.com"];
    const ids = await seed({ count: 500, mailboxes, batch: "canceled" });
    const id = await order({ filter: { batch: "canceled" } });
    await until(async () => (await view(id)).requeued >= 100);
    const { body } = await stack.post(`/v1/replays/${id}/cancel`, {});
    assert.equal(body.status, "canceled");
    await ended(id);
    await stack.sweep();
    await atRest(mailboxes);
    const canceled = await view(id);
    const { created, explained } = await books(ids, mailboxes);
    assert.deepEqual([canceled.status, canceled.requeued, canceled.skipped], ["canceled", created, {}]);
    assert.ok(created >= 100 && created <= 300, `${created} of 500 after a cancel at 100`);
    assert.equal(explained, 500 - created);
    assert.equal(await countIn(mailboxes, ["parked"]), 500 - created);
    assert.equal(createsIn(mailboxes), created);
  });

  it("what fails again while it runs, and in a state that it has yet to go through, is not taken up twice", async () => {
    const mailbox = "again@example.com";
    await seed({ count: 150, mailboxes: [mailbox], state: "failed", code: "RECIPIENT_REJECTED" });
    stack.google.admin.disableMail(mailbox);
    // The first state gone through is failed; they all fail again, as parked, which comes next.
    const id = await order({ filter: { mailbox } });
    await ended(id);
    const { status, requeued, skipped } = await view(id);
    assert.deepEqual([status, requeued, skipped], ["done", 150, {}]);
    await atRest([mailbox]);
    const records = await recordsOf(mailbox);
    assert.deepEqual([...new Set(records.map(({ state, generation }) => `${state} ${generation}`))], ["parked 1"]);

    const incident = async () =>
      (await ledger.documents(INCIDENTS).list(100)).items.find((open) => open.mailbox === mailbox);
    await stack.post("/v1/replays", { filter: { mailbox }, dryRun: true });
    assert.equal((await incident())?.state, "open");
    stack.google.admin.restoreUser(mailbox);
    const second = await order({ filter: { mailbox } });
    await ended(second);
    await atRest([mailbox]);
    const { created } = await books(
      records.map((record) => record.id),
      [mailbox],
    );
    assert.deepEqual([(await view(second)).requeued, created], [150, 150]);
  });

  it("a draft that is at Google though its request failed is found by the replay, after a replay that failed too", async () => {
    const mailbox = "there@example.com";
    // The create's answer is lost; then its search is refused, and so is that of the first replay.
    stack.google.faults.next("drafts.create", 1, { kind: "drop", after: true }, mailbox);
    stack.google.faults.next("drafts.list", 2, { kind: "answer", error: "mailServiceNotEnabled" }, mailbox);
    const request = { to: "a@example.test", subject: "There", message: "M", mailbox };
    const { id } = (await stack.post("/v1/drafts", request)).body;
    assert.equal((await stack.settled(id)).status, "parked");
    const [draft] = stack.google.drafts(mailbox);
    assert.ok(draft, "the draft of the lost answer");

    await ended(await order({ filter: { mailbox } }));
    assert.equal((await stack.settled(id)).status, "parked");
    const record = await ledger.get(id);
    assert.deepEqual([record?.generation, record?.tainted], [1, true]);

    await ended(await order({ filter: { mailbox } }));
    const view = await stack.settled(id);
    assert.deepEqual([view.status, view.draftId], ["created", draft.id]);
    const settled = await stack.logged((event) => event.requestId === id && event.outcome === "created");
    assert.equal(settled.found, true);
    assert.equal(stack.google.calls.count("drafts.create", mailbox), 1);
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });

  it("a request whose dedupeKey came as an attribute is the same request when it is replayed", async () => {
    const mailbox = "attribute@example.com";
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, mailbox);
    const body = JSON.stringify({ to: "a@example.test", subject: "Keyed", message: "M", mailbox });
    await stack.publish(body, { dedupeKey: "order-1" });
    await until(async () => (await countIn([mailbox], ["failed"])) === 1);
    await ended(await order({ filter: { mailbox, state: "failed" } }));
    await atRest([mailbox]);
    const [record] = await recordsOf(mailbox);
    assert.equal(record?.state, "created");
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });

  it("a dry run tells what the replay then does, and changes nothing", async () => {
    const mailbox = "dry@example.com";
    const mailboxes = [mailbox];
    await seed({ count: 6, mailboxes, state: "dead", code: "ATTEMPTS_EXHAUSTED", batch: "dry" });
    await seed({ count: 3, mailboxes, state: "dead", code: "ATTEMPTS_EXHAUSTED", batch: "dry", hasBody: false });
    await seed({ count: 2, mailboxes, state: "dead", code: "REQUEST_INVALID", batch: "dry" });
    await seed({ count: 4, mailboxes, state: "dead", code: "ATTEMPTS_EXHAUSTED", batch: "another" });
    await seed({ count: 5, mailboxes, state: "parked", code: "GMAIL_OFF", batch: "dry" });
    const filter = { state: "dead", batch: "dry", mailbox: mailbox.toUpperCase() };
    const before = [await recordsOf(mailbox), await ledger.documents(REPLAYS).list(100)];

    const estimate = await stack.post("/v1/replays", { filter, limit: 4, dryRun: true });
    assert.equal(estimate.status, 200);
    const skipped = { "cannot-succeed": 2, "no-body": 3, limit: 2 };
    const byCode = { ATTEMPTS_EXHAUSTED: 9, REQUEST_INVALID: 2 };
    assert.deepEqual(estimate.body, { matching: 11, requeueable: 4, skipped, byCode, truncated: false });
    const after = [await recordsOf(mailbox), await ledger.documents(REPLAYS).list(100)];
    assert.deepEqual(after, before);
    assert.equal(createsIn(mailboxes), 0);

    const id = await order({ filter, limit: 4 });
    await ended(id);
    const done = await view(id);
    assert.deepEqual([done.status, done.requeued, done.skipped], ["done", 4, skipped]);
    await atRest(mailboxes);
    assert.equal(stack.google.drafts(mailbox).length, 4);
    assert.deepEqual(await countIn(mailboxes, ["parked"]), 5);
  });

  it("an order that names no filter of ours is refused by the field, and takes nothing up", async () => {
    const mailbox = "named@example.com";
    await seed({ count: 1, mailboxes: [mailbox] });
    const answer = await stack.post("/v1/replays", { filter: { mailbox, caller: "x" } });
    assert.deepEqual([answer.status, answer.body.code], [422, "REPLAY_INVALID"]);
    assert.deepEqual(
      answer.body.errors.map(({ pointer }) => pointer),
      ["/filter/caller"],
    );
    assert.equal(await countIn([mailbox], ["parked"]), 1);
  });
});
