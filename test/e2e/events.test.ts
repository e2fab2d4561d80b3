import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { LogEvent } from "@draftmill/local/service-process.ts";
import { startTestStack, type TestStack } from "../support/local-stack.ts";
import { type CloudEvent, type EventReader, readEvents } from "../support/result-events.ts";

const TOPIC = "draft-events";
const LEASE_MS = 1_500;
const CALL_TIMEOUT_MS = 20_000;
const METADATA = { campaign: "q4", row: "17" };
const REQUEST = { to: "a@example.test", subject: "Hello", message: "Text.", metadata: METADATA };

function dataOf({ data }: CloudEvent): Readonly<Record<string, unknown>> {
  const { problem, ...rest } = data;
  return { ...rest, code: problem === null ? null : (problem as { code: string }).code };
}

function idsOf(events: readonly CloudEvent[]): number {
  return new Set(events.map(({ id }) => id)).size;
}

describe("what became of a request is told to EVENTS_TOPIC", { timeout: 170_000 }, () => {
  let stack: TestStack;
  let reader: EventReader;
  before(async () => {
    stack = await startTestStack({
      environment: { EVENTS_TOPIC: TOPIC, CLAIM_LEASE_MS: String(LEASE_MS), GOOGLE_TIMEOUT_MS: String(LEASE_MS / 6) },
    });
    reader = await readEvents(stack, TOPIC, "events");
  });
  after(() => stack.finish());

  const submit = async (more: object): Promise<string> => {
    const { status, body } = await stack.post("/v1/drafts", { ...REQUEST, ...more });
    assert.equal(status, 202);
    return body.id;
  };

  it("created: as CloudEvents ask for it, with the ids and the request's own labels, in no order", async () => {
    const id = await submit({ mailbox: "made@example.com", dedupeKey: "made-1" });
    const { draftId } = await stack.settled(id);
    const [event] = await reader.about(id);
    assert.ok(event);
    assert.equal(event.type, "draftmill.draft.created");
    assert.equal(event.source, `//draftmill/projects/${stack.project}/worker`);
    const { messageId, ...data } = dataOf(event);
    assert.match(String(messageId), /^[0-9a-f]{16}$/);
    assert.deepEqual(data, {
      id,
      mailbox: "made@example.com",
      status: "created",
      draftId,
      batch: null,
      dedupeKey: "made-1",
      caller: null,
      metadata: METADATA,
      code: null,
    });
    const [message] = reader.received;
    assert.deepEqual(message?.attributes, {
      "content-type": "application/cloudevents+json",
      "ce-type": "draftmill.draft.created",
    });
    assert.ok(!message.orderingKey);
  });

  it("from the topic: the producer's caller and batch are told back", async () => {
    await stack.publish(JSON.stringify(REQUEST), { id: "crm-1", caller: "crm", batch: "night" });
    const [event] = await reader.about("crm-1");
    assert.deepEqual([event?.data.caller, event?.data.batch, event?.data.metadata], ["crm", "night", METADATA]);
  });

  it("failed: refused by Gmail, or no request at all; code and detail, and one event however often it is told", async () => {
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, "bad@example.com");
    const refused = await submit({ mailbox: "bad@example.com" });
    // The delivery tells it, and so does that of its dead letter.
    const told = await reader.about(refused, 2);
    assert.equal(idsOf(told), 1);
    assert.equal(told[0]?.type, "draftmill.draft.failed");
    const { problem, metadata } = (told[0]?.data ?? {}) as { problem: Record<string, unknown>; metadata: object };
    assert.deepEqual(Object.keys(problem), ["code", "detail", "retryable"]);
    assert.deepEqual([problem.code, problem.retryable, metadata], ["RECIPIENT_REJECTED", false, METADATA]);
    const unreadable = await stack.publish("no JSON");
    const [other] = await reader.about(unreadable);
    assert.deepEqual([other?.type, dataOf(other as CloudEvent).code], ["draftmill.draft.failed", "MESSAGE_MALFORMED"]);
  });

  it("parked: one event for each parking, then the draft's", async () => {
    const mailbox = "parked@example.com";
    const undelegated = () =>
      stack.google.faults.next("token", 1, { kind: "answer", error: "unauthorizedClient" }, mailbox);
    const replay = async (): Promise<void> => {
      assert.equal((await stack.post("/v1/replays", { filter: { mailbox } })).status, 202);
    };
    const have = (id: string, type: string, count: number) =>
      reader.until(
        (received) =>
          idsOf(received.flatMap(({ event }) => (event.subject === id && event.type === type ? [event] : []))) >= count,
      );
    undelegated();
    const id = await submit({ mailbox });
    await have(id, "draftmill.draft.parked", 1);
    // Its incident is open: this one is set aside without a call and without a dead letter.
    const second = await submit({ mailbox });
    await have(second, "draftmill.draft.parked", 1);
    undelegated();
    await replay();
    // One of the two is refused again, and the other meets the new incident or comes before it. What is still on its way would miss the replay.
    await reader.until((received) => {
      const ended = ["draftmill.draft.parked", "draftmill.draft.created"];
      const told = received.map(({ event }) => event).filter(({ type }) => ended.includes(type));
      return idsOf(told.filter(({ subject }) => [id, second].includes(subject))) >= 4;
    });
    await replay();
    await have(id, "draftmill.draft.created", 1);
    await have(second, "draftmill.draft.created", 1);
    assert.equal(stack.google.drafts(mailbox).length, 2);
    const last = (await reader.about(id)).findLast(({ type }) => type === "draftmill.draft.created");
    assert.deepEqual(last && dataOf(last).metadata, METADATA);
  });

  it("given up by Pub/Sub: failed, and dead by its status", async () => {
    const attributes = {
      id: "given-up",
      CloudPubSubDeadLetterSourceDeliveryCount: "100",
      CloudPubSubDeadLetterSourceSubscription: "draft-requests-push",
    };
    await stack.publish(JSON.stringify(REQUEST), attributes, "draft-requests-dead-letter");
    const [event] = await reader.about("given-up");
    assert.deepEqual([event?.type, event?.data.status], ["draftmill.draft.failed", "dead"]);
  });

  it("adopted by the sweep: told then, and its failure before", async () => {
    const mailbox = "adopted@example.com";
    stack.google.faults.next("drafts.create", 1, { kind: "stall", ms: 2 * LEASE_MS }, mailbox);
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, mailbox);
    const id = await submit({ mailbox });
    assert.equal((await stack.settled(id)).status, "failed");
    while ((await stack.settled(id)).status !== "created") await stack.sweep();
    await reader.until((received) =>
      received.some(({ event }) => event.subject === id && event.type === "draftmill.draft.created"),
    );
    const types = new Set((await reader.about(id)).map(({ type }) => type));
    assert.deepEqual([...types], ["draftmill.draft.failed", "draftmill.draft.created"]);
    assert.equal((await reader.about(id)).at(-1)?.data.draftId, stack.google.drafts(mailbox)[0]?.id);
  });

  it("delivered again: the same event under the same id, and no second draft", async () => {
    const mailbox = "again@example.com";
    stack.pubsub?.faults.duplicate(1, "in-turn", "draft-requests-push");
    const id = await submit({ mailbox });
    const told = await reader.about(id, 2);
    assert.equal(idsOf(told), 1);
    assert.deepEqual(told[0], told[1]);
    assert.equal(stack.google.drafts(mailbox).length, 1);
  });

  it("taken back and asked for again under its key: another draft, and another event", async () => {
    const item = { ...REQUEST, mailbox: "back@example.com", dedupeKey: "back-1" };
    const hand = async (): Promise<{ batch: string; id: string }> => {
      const { body } = await stack.post("/v1/batches", { items: [item] });
      const { id: batch, results } = body as unknown as { id: string; results: [{ id: string }] };
      return { batch, id: results[0].id };
    };
    const first = await hand();
    assert.equal((await stack.settled(first.id)).status, "created");
    assert.equal((await stack.post(`/v1/batches/${first.batch}/undo`, {})).status, 202);
    while (stack.google.drafts(item.mailbox).length > 0) await stack.sweep();
    const second = await hand();
    assert.equal(second.id, first.id);
    const told = await reader.about(first.id, 2);
    assert.equal(idsOf(told), 2);
    assert.notEqual(told[0]?.data.draftId, told[1]?.data.draftId);
    assert.deepEqual(
      told.map(({ data }) => data.batch),
      [first.batch, second.batch],
    );
  });

  const hand = async (items: readonly object[]): Promise<string> => {
    const body = { mode: "permissive", name: "Autumn", items };
    const answer = await stack.post("/v1/batches", body);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const completedAt = async (id: string): Promise<unknown> => {
    const answer = await fetch(`${stack.apiUrl}/v1/batches/${id}`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    return ((await answer.json()) as { completedAt: unknown }).completedAt;
  };
  const toldOf = (id: string): number =>
    stack.events.filter(({ message, batch }) => message === "batch.completed" && batch === id).length;
  const completions = (id: string) => reader.received.filter(({ event }) => event.subject === id);

  it("a batch: once each of its requests has ended, and not while one is parked", async () => {
    const mailbox = "half@example.com";
    stack.google.faults.next("token", 1, { kind: "answer", error: "unauthorizedClient" }, mailbox);
    const [good, refused] = ["good@example.com", "refused@example.com"];
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, refused);
    const id = await hand([
      { ...REQUEST, mailbox },
      { ...REQUEST, mailbox: good },
      { ...REQUEST, mailbox: refused },
      { ...REQUEST, to: "nobody" },
    ]);
    await reader.until((received) => received.filter(({ event }) => event.data.batch === id).length >= 3);
    await stack.sweep();
    assert.equal(toldOf(id), 0);
    await reader.now();
    assert.deepEqual([await completedAt(id), completions(id)], [null, []]);
    assert.equal((await stack.post("/v1/replays", { filter: { mailbox } })).status, 202);
    while (toldOf(id) === 0) await stack.sweep();
    const [event] = await reader.about(id);
    assert.equal(event?.type, "draftmill.batch.completed");
    const { createdAt, completedAt: toldAt, counts, ...data } = event.data;
    assert.deepEqual(data, { id, name: "Autumn", caller: null, control: "open", total: 3, rejected: 1 });
    const none = { queued: 0, processing: 0, parked: 0, dead: 0, canceled: 0 };
    assert.deepEqual(counts, { ...none, created: 2, failed: 1 });
    assert.ok(Date.parse(String(createdAt)) <= Date.parse(String(toldAt)));
    assert.equal(await completedAt(id), toldAt);
    await stack.sweep();
    assert.equal(toldOf(id), 1);
  });

  it("a topic that is gone: each draft is made once, and all is told when the topic is there again", async () => {
    const topic = `${stack.pubsubUrl}/v1/projects/${stack.project}/topics/${TOPIC}`;
    const call = async (method: string): Promise<void> => {
      const init = { method, headers: { "content-type": "application/json" }, body: "{}" };
      const { status } = await fetch(topic, { ...init, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      assert.equal(status, 200);
    };
    await call("DELETE");
    const [good, refused] = ["still@example.com", "never@example.com"];
    stack.google.faults.next("drafts.create", 1, { kind: "answer", error: "invalidHeader" }, refused);
    const id = await hand([
      { ...REQUEST, mailbox: good },
      { ...REQUEST, mailbox: refused },
    ]);
    const isUntold = ({ code, outcome }: LogEvent): boolean => code === "EVENT_UNCONFIRMED" && outcome === "retry";
    const settled = (event: LogEvent): boolean => event.message === "draft.settled" && event.batch === id;
    assert.ok(isUntold(await stack.logged(settled)));
    while (!stack.events.some(({ message, batch }) => message === "batch.not-told" && batch === id))
      await stack.sweep();
    assert.equal(stack.google.drafts(good).length, 1);
    assert.ok(stack.events.filter(settled).every(isUntold), "acknowledged without its event");
    await call("PUT");
    const later = await readEvents(stack, TOPIC, "events-later");
    await later.until((received) => {
      const types = received.filter(({ event }) => event.data.batch === id).map(({ event }) => event.type);
      return types.includes("draftmill.draft.created") && types.includes("draftmill.draft.failed");
    });
    while (toldOf(id) === 0) await stack.sweep();
    await later.about(id);
    assert.equal(stack.google.drafts(good).length, 1);
    assert.equal(stack.google.drafts(refused).length, 0);
  });
});
