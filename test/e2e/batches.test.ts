import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import { type DraftView, startTestStack, type TestStack } from "../support/local-stack.ts";

const LOOK_EVERY_MS = 20;
const LEASE_MS = 3_000;

interface BatchView {
  readonly id: string;
  readonly status: string;
  readonly control: string;
  readonly total: number;
  readonly rejected: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly mailboxes: readonly { mailbox: string; total: number; counts: Readonly<Record<string, number>> }[];
  readonly secondsLeft: number | null;
  readonly undo: Readonly<Record<string, unknown>> | null;
}

interface AcceptedBatch {
  readonly id: string;
  readonly accepted: number;
  readonly rejected: number;
  readonly results: readonly {
    index: number;
    id?: string;
    repeats?: number;
    errors?: readonly { pointer: string }[];
  }[];
}

describe("batches", { timeout: 170_000 }, () => {
  let stack: TestStack;
  let mailboxes = 0;
  before(async () => {
    stack = await startTestStack({
      sweepEveryMs: 200,
      environment: { CLAIM_LEASE_MS: String(LEASE_MS), GOOGLE_TIMEOUT_MS: String(LEASE_MS / 6) },
    });
  });
  after(() => stack.finish());

  const newMailbox = (): string => {
    mailboxes += 1;
    return `batch${mailboxes}@example.com`;
  };
  const item = (n: number, more: object = {}) => ({
    to: `prospect${n}@example.test`,
    subject: `Offer ${n}`,
    message: "Text.",
    ...more,
  });
  const items = (count: number) => Array.from({ length: count }, (_, n) => item(n));
  const hand = async (body: object, headers: Record<string, string> = {}): Promise<AcceptedBatch> => {
    const answer = await stack.post("/v1/batches", body, headers);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body as unknown as AcceptedBatch;
  };
  const read = async (path: string): Promise<unknown> =>
    (await fetch(`${stack.apiUrl}${path}`, { signal: AbortSignal.timeout(20_000) })).json();
  const look = async (id: string): Promise<BatchView> => (await read(`/v1/batches/${id}`)) as BatchView;
  const until = async (id: string, isSo: (batch: BatchView) => boolean): Promise<BatchView> => {
    for (;;) {
      const batch = await look(id);
      if (isSo(batch)) return batch;
      await systemClock.sleep(LOOK_EVERY_MS);
    }
  };
  const control = async (id: string, action: string): Promise<number> =>
    (await stack.post(`/v1/batches/${id}/${action}`, {})).status;
  /** Gmail refuses for speed until well after the workers have heard of a pause. */
  const holdUp = (mailbox: string): void =>
    stack.google.faults.next(
      "drafts.create",
      48,
      { kind: "answer", error: "retryAfter", retryAfterMs: 3_000 },
      mailbox,
    );
  const finished = ({ status }: BatchView): boolean => status === "finished";
  const createdOf = async (id: string): Promise<readonly DraftView[]> =>
    ((await read(`/v1/drafts?batch=${id}&state=created&limit=200`)) as { items: DraftView[] }).items;

  it("turns each item into a draft of its mailbox, and counts them", async () => {
    const [one, two] = [newMailbox(), newMailbox()];
    const body = { name: "Autumn", defaults: { mailbox: one }, items: [...items(30), item(30, { mailbox: two })] };
    const { id, accepted, rejected, results } = await hand(body);
    assert.deepEqual([accepted, rejected, results.length], [31, 0, 31]);
    const batch = await until(id, finished);
    assert.equal(batch.counts.created, 31);
    assert.deepEqual(
      batch.mailboxes.map(({ mailbox, total, counts }) => [mailbox, total, counts.created]),
      [
        [one, 30, 30],
        [two, 1, 1],
      ],
    );
    assert.deepEqual([stack.google.drafts(one).length, stack.google.drafts(two).length], [30, 1]);
    const last = await stack.settled(results[30]?.id ?? "");
    assert.equal(last.mailbox, two);
  });

  it("strict: one item at fault keeps all of them back, and every fault of every item is told", async () => {
    const mailbox = newMailbox();
    const faulty = [item(0), item(1, { to: "nobody", subject: "" }), item(2), item(3, { mailbox: "x@elsewhere.test" })];
    const { status, body } = await stack.post("/v1/batches", { defaults: { mailbox }, items: faulty });
    assert.deepEqual([status, body.code], [422, "BATCH_INVALID"]);
    assert.deepEqual(
      body.errors.map(({ pointer }) => pointer),
      ["/items/1/subject", "/items/1/to", "/items/3/mailbox"],
    );
    assert.equal(stack.google.drafts(mailbox).length, 0);
  });

  it("permissive: what fits is made, and what does not hears why, in order", async () => {
    const mailbox = newMailbox();
    const mixed = [item(0), item(1, { to: "nobody" }), item(2)];
    const { id, accepted, rejected, results } = await hand({ mode: "permissive", defaults: { mailbox }, items: mixed });
    assert.deepEqual([accepted, rejected], [2, 1]);
    assert.equal(results[1]?.errors?.[0]?.pointer, "/items/1/to");
    assert.equal((await until(id, finished)).counts.created, 2);
    assert.equal(stack.google.drafts(mailbox).length, 2);
  });

  it("the same call with the same Idempotency-Key is the same batch; another body under it is refused", async () => {
    const body = { defaults: { mailbox: newMailbox() }, items: items(3) };
    const key = { "idempotency-key": "batch-key" };
    const first = await hand(body, key);
    const again = await hand(body, key);
    assert.deepEqual(again, first);
    assert.equal((await until(first.id, finished)).counts.created, 3);
    const other = await stack.post("/v1/batches", { ...body, items: items(4) }, key);
    assert.deepEqual([other.status, other.body.code], [422, "KEY_REUSED"]);
  });

  it("a dedupeKey that is known makes no second draft, and the batch says so", async () => {
    const mailbox = newMailbox();
    const keyed = [item(0, { dedupeKey: "a" }), item(1, { dedupeKey: "b" }), item(0, { dedupeKey: "a" })];
    const first = await hand({ defaults: { mailbox }, items: keyed });
    assert.deepEqual([first.accepted, first.results[2]?.repeats], [2, 0]);
    await until(first.id, finished);
    const changed = [keyed[0], item(9, { dedupeKey: "b" }), item(2, { dedupeKey: "c" })];
    const second = await hand({ defaults: { mailbox }, items: changed });
    const batch = await until(second.id, finished);
    assert.deepEqual([batch.counts.created, batch.counts.canceled, batch.counts.failed], [1, 1, 1]);
    assert.equal(stack.google.drafts(mailbox).length, 3);
    const listed = (await read(`/v1/drafts?batch=${second.id}`)) as { items: DraftView[] };
    assert.deepEqual(listed.items.map(({ problem }) => problem?.code ?? "none").toSorted(), [
      "REQUEST_ID_REUSED",
      "REQUEST_KNOWN",
      "none",
    ]);
  });

  it("paused: nothing is made and nothing is lost; resumed: all of it is made, once", async () => {
    const mailbox = newMailbox();
    holdUp(mailbox);
    const { id } = await hand({ defaults: { mailbox }, items: items(40) });
    assert.equal(await control(id, "pause"), 202);
    const paused = await until(id, ({ counts }) => (counts.queued ?? 0) + (counts.processing ?? 0) === 0);
    assert.equal(paused.control, "paused");
    assert.equal(paused.status, "paused");
    assert.equal((paused.counts.parked ?? 0) + (paused.counts.created ?? 0), 40);
    assert.ok((paused.counts.parked ?? 0) > 0);
    stack.google.faults.clear();
    assert.equal(await control(id, "resume"), 202);
    const done = await until(id, finished);
    assert.equal(done.counts.created, 40);
    assert.equal(stack.google.drafts(mailbox).length, 40);
    assert.equal(
      stack.google.calls
        .list()
        .filter((call) => call.operation === "drafts.create" && call.mailbox === mailbox && call.status === 200).length,
      40,
    );
  });

  it("canceled: what is not made yet is not made, and what exists stays", async () => {
    const mailbox = newMailbox();
    holdUp(mailbox);
    const { id } = await hand({ defaults: { mailbox }, items: items(40) });
    assert.equal(await control(id, "pause"), 202);
    await until(id, ({ counts }) => (counts.parked ?? 0) > 0);
    stack.google.faults.clear();
    assert.equal(await control(id, "cancel"), 202);
    const done = await until(id, finished);
    const batch = await until(id, ({ counts }) => counts.parked === 0);
    assert.equal(done.control, "canceled");
    assert.ok((batch.counts.canceled ?? 0) > 0);
    assert.equal((batch.counts.created ?? 0) + (batch.counts.canceled ?? 0), 40);
    assert.equal(stack.google.drafts(mailbox).length, batch.counts.created);
    const refused = await stack.post(`/v1/batches/${id}/resume`, {});
    assert.deepEqual([refused.status, refused.body.code], [409, "BATCH_CANCELED"]);
  });

  it("taken back: drafts that nobody has worked on go, edited ones stay, and the keys are free again", async () => {
    const mailbox = newMailbox();
    const keyed = Array.from({ length: 12 }, (_, n) => item(n, { dedupeKey: `undo-${n}` }));
    const { id } = await hand({ defaults: { mailbox }, items: keyed });
    await until(id, finished);
    const [edited, sent] = await createdOf(id);
    stack.google.admin.editDraft(mailbox, edited?.draftId ?? "");
    stack.google.admin.deleteDraft(mailbox, sent?.draftId ?? "");
    assert.equal(await control(id, "undo"), 202);
    const batch = await until(id, ({ undo }) => undo !== null && undo.finishedAt !== null);
    assert.deepEqual([batch.undo?.deleted, batch.undo?.keptEdited, batch.undo?.gone], [10, 1, 1]);
    assert.deepEqual([batch.counts.created, batch.counts.canceled, batch.status], [1, 11, "finished"]);
    assert.deepEqual(
      stack.google.drafts(mailbox).map((draft) => draft.id),
      [edited?.draftId],
    );
    const again = await hand({ defaults: { mailbox }, items: keyed });
    const second = await until(again.id, finished);
    assert.deepEqual([second.counts.created, second.counts.canceled], [11, 1]);
    assert.equal(stack.google.drafts(mailbox).length, 12);
  });

  it("a message that only says it is of a batch: its draft is not taken back from a mailbox that the batch never had", async () => {
    const [own, foreign] = [newMailbox(), newMailbox()];
    const { id } = await hand({ defaults: { mailbox: own }, items: items(2) });
    const messageId = await stack.publish(JSON.stringify(item(0, { mailbox: foreign })), { batch: id });
    await stack.settled(messageId);
    await until(id, finished);
    assert.equal(await control(id, "undo"), 202);
    const batch = await until(id, ({ undo }) => undo !== null && undo.finishedAt !== null);
    assert.deepEqual([batch.undo?.deleted, batch.counts.created], [2, 1]);
    assert.deepEqual([stack.google.drafts(own).length, stack.google.drafts(foreign).length], [0, 1]);
  });

  it("taken back by a worker that stops meanwhile: a draft that it was deleting counts as deleted, not as gone before", async () => {
    const mailbox = newMailbox();
    const { id } = await hand({ defaults: { mailbox }, items: items(3) });
    await until(id, finished);
    // Deleted, and the answer on its way for almost as long as it is waited for.
    stack.google.faults.next("drafts.delete", 1, { kind: "stall", ms: LEASE_MS / 8, after: true }, mailbox);
    assert.equal(await control(id, "undo"), 202);
    while (stack.google.drafts(mailbox).length === 3) await systemClock.sleep(LOOK_EVERY_MS);
    await stack.worker.stop();
    await stack.worker.start();
    const batch = await until(id, ({ undo }) => undo !== null && undo.finishedAt !== null);
    assert.deepEqual([batch.undo?.deleted, batch.undo?.gone], [3, 0]);
  });

  it("a batch that is not there", async () => {
    for (const path of ["", "/pause", "/undo"]) {
      const answer = await fetch(`${stack.apiUrl}/v1/batches/nothing${path}`, { method: path === "" ? "GET" : "POST" });
      assert.equal(answer.status, 404);
      assert.equal(((await answer.json()) as { code: string }).code, "BATCH_NOT_FOUND");
    }
  });
});
