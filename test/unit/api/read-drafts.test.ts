import assert from "node:assert/strict";
import { test } from "node:test";
import type { DraftView } from "@draftmill/api/draft-view.ts";
import type { FastifyInstance } from "fastify";
import { anApi, aRecord, post, REQUEST, work } from "./api-under-test.ts";

async function list(app: FastifyInstance, query: string): Promise<{ ids: string[]; nextCursor: string | null }> {
  const answer = await app.inject(`/v1/drafts?${query}`);
  assert.equal(answer.statusCode, 200, answer.body);
  const { items, nextCursor }: { items: DraftView[]; nextCursor: string | null } = answer.json();
  return { ids: items.map(({ id }) => id), nextCursor };
}

test("a record tells everything but the body and the bookkeeping of claims", async (t) => {
  const { app, ledger } = await anApi(t);
  const { id } = (await post(app, "/v1/drafts", { ...REQUEST, dedupeKey: "k", metadata: { campaign: "q4" } })).json();
  await work(ledger, id, "create");
  assert.deepEqual((await app.inject(`/v1/drafts/${id}`)).json(), {
    id,
    status: "created",
    mailbox: "rep@corp.example",
    to: ["ada@example.com"],
    subject: "Hello",
    draftId: "r-1",
    messageId: "m-1",
    threadId: "t-1",
    problem: null,
    note: null,
    notBefore: null,
    attempts: 1,
    batch: null,
    dedupeKey: "k",
    metadata: { campaign: "q4" },
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: "2026-01-01T00:00:00.000Z",
  });
});

test("a failed record tells why, and still not its body", async (t) => {
  const { app, ledger } = await anApi(t);
  const { id } = (await post(app, "/v1/drafts", REQUEST)).json();
  await work(ledger, id, "fail");
  const view = (await app.inject(`/v1/drafts/${id}`)).json();
  assert.deepEqual(view.problem, { code: "RECIPIENT_REJECTED", detail: "why RECIPIENT_REJECTED", retryable: false });
  assert.equal("body" in view, false);
  assert.equal("fence" in view, false);
});

test("the list is filtered by state, mailbox, code and batch, newest first", async (t) => {
  const { app, ledger, clock } = await anApi(t);
  await ledger.accept(aRecord(clock, { id: "old", mailbox: "bo@team.example", batch: "b-1" }));
  await clock.advance(1);
  await ledger.accept(aRecord(clock, { id: "bad" }));
  await clock.advance(1);
  await ledger.accept(aRecord(clock, { id: "new", batch: "b-1" }));
  await work(ledger, "bad", "fail");

  assert.deepEqual((await list(app, "")).ids, ["new", "bad", "old"]);
  assert.deepEqual((await list(app, "state=queued")).ids, ["new", "old"]);
  assert.deepEqual((await list(app, "mailbox=Bo@Team.example")).ids, ["old"]);
  assert.deepEqual((await list(app, "code=RECIPIENT_REJECTED")).ids, ["bad"]);
  assert.deepEqual((await list(app, "batch=b-1")).ids, ["new", "old"]);
  assert.deepEqual((await list(app, "batch=b-1&state=failed")).ids, []);
});

test("pages follow each other by cursor until there are no more", async (t) => {
  const { app, ledger, clock } = await anApi(t);
  for (const id of ["a", "b", "c", "d", "e"]) {
    await ledger.accept(aRecord(clock, { id }));
    await clock.advance(1);
  }
  const pages: string[][] = [];
  let query = "limit=2";
  for (;;) {
    const { ids, nextCursor } = await list(app, query);
    pages.push(ids);
    if (nextCursor === null) break;
    query = `limit=2&cursor=${encodeURIComponent(nextCursor)}`;
  }
  assert.deepEqual(pages, [["e", "d"], ["c", "b"], ["a"]]);
});

for (const [query, name] of [
  ["sate=queued", "sate"],
  ["state=lost", "state"],
  ["groupBy=mailbox", "groupBy"],
  ["state=queued&state=failed", "state"],
  ["state=", "state"],
  ["code=NO_SUCH_CODE", "code"],
  ["limit=0", "limit"],
  ["limit=201", "limit"],
  ["limit=many", "limit"],
  ["cursor=made-up", "cursor"],
  ["mailbox=", "mailbox"],
  ["__proto__=x", "__proto__"],
] as const) {
  test(`a query of ${query} is refused by name`, async (t) => {
    const { app } = await anApi(t);
    const answer = await app.inject(`/v1/drafts?${query}`);
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().code, "HEADER_INVALID");
    const pointers = answer.json().errors.map(({ pointer }: { pointer: string }) => pointer);
    assert.deepEqual([...new Set(pointers)], [`/query/${name}`]);
  });
}

test("requests are counted by state, every state, whether it has any or not", async (t) => {
  const { app, ledger, clock } = await anApi(t);
  for (const id of ["a", "b", "c", "d"]) await ledger.accept(aRecord(clock, { id }));
  await work(ledger, "a", "create");
  await work(ledger, "b", "create");
  await work(ledger, "c", "park");
  const answer = await app.inject("/v1/drafts?groupBy=state");
  assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
  assert.deepEqual(answer.json(), {
    groups: [
      { state: "queued", count: 1 },
      { state: "processing", count: 0 },
      { state: "created", count: 2 },
      { state: "failed", count: 0 },
      { state: "parked", count: 1 },
      { state: "dead", count: 0 },
      { state: "canceled", count: 0 },
    ],
    total: 4,
  });
});

test("what says which requests does not go with counting them, and each such parameter is named", async (t) => {
  const { app } = await anApi(t);
  const query = "groupBy=state&state=queued&mailbox=a@corp.example&code=GMAIL_OFF&batch=b&cursor=c";
  const answer = await app.inject(`/v1/drafts?${query}`);
  assert.equal(answer.statusCode, 400);
  const { code, detail, errors } = answer.json();
  assert.equal(code, "HEADER_INVALID");
  const names = ["state", "mailbox", "code", "batch", "cursor"];
  assert.deepEqual(
    errors,
    names.map((name) => ({
      pointer: `/query/${name}`,
      code: "excluded",
      detail: `${name} does not go with groupBy`,
    })),
  );
  assert.match(detail, /^state does not go with groupBy; mailbox /);
});
