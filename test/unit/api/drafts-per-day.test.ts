import assert from "node:assert/strict";
import { test } from "node:test";
import { DraftsPerDay, RESERVED_DRAFTS } from "@draftmill/api/callers/drafts-per-day.ts";
import { IDEMPOTENCY_KEYS } from "@draftmill/api/idempotency-key.ts";
import { MAILBOX, post, REQUEST } from "./api-under-test.ts";
import { type ApiWithCallers, anApiWithCallers, CRM } from "./callers-under-test.ts";

const HOUR_MS = 3_600_000;

const limitedTo = (draftsPerDay: number) => ({
  callers: [{ caller: CRM, mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 10_000, draftsPerDay }],
});

async function send(api: ApiWithCallers, changes: object = {}, headers: Record<string, string> = {}) {
  return post(api.app, "/v1/drafts", { ...REQUEST, ...changes }, { ...(await api.as(CRM)), ...headers });
}

async function accepted(api: ApiWithCallers, count: number): Promise<number> {
  const answers = await Promise.all(Array.from({ length: count }, () => send(api)));
  return answers.filter(({ statusCode }) => statusCode === 202).length;
}

test("as many new drafts as the day allows, then 429 until midnight, then as many again", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(5));
  await api.clock.advance(22 * HOUR_MS);
  assert.equal(await accepted(api, 12), 5);
  const refused = await send(api);
  assert.equal(refused.statusCode, 429);
  assert.equal(refused.json().code, "DRAFTS_PER_DAY_EXCEEDED");
  assert.equal(refused.headers["retry-after"], "7200");
  assert.equal(refused.headers.ratelimit, '"drafts";r=0;t=7200');
  assert.equal(refused.headers["ratelimit-policy"], '"requests";q=10000;w=1, "drafts";q=5;w=86400');
  await api.clock.advance(2 * HOUR_MS - 1);
  assert.equal((await send(api)).headers["retry-after"], "1");
  await api.clock.advance(1);
  assert.equal(await accepted(api, 12), 5);
});

test("a repetition is answered and not counted, before the limit and after it", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(3));
  const key = { "idempotency-key": "k" };
  for (let call = 0; call < 5; call++) assert.equal((await send(api, {}, key)).statusCode, 202);
  for (let call = 0; call < 5; call++) assert.equal((await send(api, { dedupeKey: "d" })).statusCode, 202);
  assert.equal(await accepted(api, 4), 1);
  const again = await send(api, {}, key);
  assert.equal(again.statusCode, 202);
  assert.equal(again.headers["idempotency-replayed"], "true");
  assert.equal((await send(api, { dedupeKey: "d" })).headers["idempotency-replayed"], "true");
  assert.equal((await send(api, { subject: "Other" }, key)).json().code, "KEY_REUSED");
});

test("what is refused for the day leaves nothing behind, its key included", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(1));
  await send(api);
  assert.equal((await send(api, { dedupeKey: "new" }, { "idempotency-key": "new" })).statusCode, 429);
  assert.equal((await api.ledger.list({ limit: 10 })).items.length, 1);
  assert.deepEqual((await api.ledger.documents(IDEMPOTENCY_KEYS).list(10)).items, []);
  assert.equal(api.publisher.published.length, 1);
});

test("what is refused for another reason is not counted", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(2));
  const key = { "idempotency-key": "k" };
  await send(api, {}, key);
  for (let call = 0; call < 5; call++) {
    assert.equal((await send(api, { subject: "Other" }, key)).json().code, "KEY_REUSED");
    assert.equal((await send(api, { mailbox: "bo@team.example" })).statusCode, 403);
    assert.equal((await send(api, { bbc: 1 })).statusCode, 422);
  }
  assert.equal(await accepted(api, 3), 1);
});

test("a draft whose publish was not confirmed counts once, however often it is sent again", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(2));
  api.publisher.set("fail");
  for (let call = 0; call < 3; call++) assert.equal((await send(api, { dedupeKey: "d" })).statusCode, 503);
  api.publisher.set("acknowledge");
  assert.equal((await send(api, { dedupeKey: "d" })).statusCode, 202);
  assert.equal(await accepted(api, 3), 1);
});

test("a hundredth of the limit is reserved at a time, so that 1,000 drafts take 100 writes", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(1_000));
  const updates = t.mock.method(Object.getPrototypeOf(api.ledger.documents(RESERVED_DRAFTS)), "update").mock;
  assert.equal(await accepted(api, 500), 500);
  assert.ok(updates.callCount() <= 51, `${updates.callCount()} writes for 500 drafts`);
  t.diagnostic(`500 drafts of 1,000 a day: ${updates.callCount()} writes of the day's document`);
  const [document] = (await api.ledger.documents(RESERVED_DRAFTS).list(2)).items;
  assert.equal(document?.reserved, 500);
});

test("two instances share the day, and one that ends gives back what it has not used", async (t) => {
  const { ledger, clock } = await anApiWithCallers(t);
  const [one, two] = [1, 2].map(() => new DraftsPerDay(ledger.documents(RESERVED_DRAFTS), clock));
  assert.ok(one !== undefined && two !== undefined);
  assert.ok(await one.take(CRM, 1_000));
  assert.ok(await two.take(CRM, 1_000));
  const reserved = async () => (await ledger.documents(RESERVED_DRAFTS).list(1)).items[0]?.reserved;
  assert.equal(await reserved(), 20);
  await one.close();
  assert.equal(await reserved(), 11);
  let taken = 2;
  while (await two.take(CRM, 1_000)) taken += 1;
  assert.equal(taken, 1_000);
});

test("a lower limit goes for what was reserved under the higher one", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(1_000));
  assert.equal(await accepted(api, 5), 5);
  api.setCallers(limitedTo(6).callers);
  assert.equal(await accepted(api, 5), 0, "ten were reserved, which is more than the day now has");
});

test("the day's document names nobody and goes two days later", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(5));
  await send(api);
  const list = async () => (await api.ledger.documents(RESERVED_DRAFTS).list(10)).items;
  assert.doesNotMatch(JSON.stringify(await list()), /@|crm/);
  await api.clock.advance(48 * HOUR_MS);
  assert.deepEqual(await list(), []);
});

test("a ledger that is away is a 503, as without a limit", async (t) => {
  const api = await anApiWithCallers(t, limitedTo(5));
  await send(api);
  await api.ledger.close();
  assert.equal((await send(api)).json().code, "LEDGER_UNAVAILABLE");
});
