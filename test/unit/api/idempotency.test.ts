import assert from "node:assert/strict";
import { test } from "node:test";
import { IDEMPOTENCY_KEYS, KEY_KEPT_MS } from "@draftmill/api/idempotency-key.ts";
import { anApi, post, REQUEST, work } from "./api-under-test.ts";

const KEY = { "idempotency-key": "order-7" };

test("a key stands for its request for seven days, and for a new one afterwards", async (t) => {
  const { app, ledger, clock } = await anApi(t);
  const first = await post(app, "/v1/drafts", REQUEST, KEY);
  await work(ledger, first.json().id, "create");
  await clock.advance(KEY_KEPT_MS - 1);
  const kept = await post(app, "/v1/drafts", REQUEST, KEY);
  assert.equal(kept.json().id, first.json().id);
  assert.equal(kept.headers["idempotency-replayed"], "true");
  await clock.advance(1);
  const fresh = await post(app, "/v1/drafts", REQUEST, KEY);
  assert.notEqual(fresh.json().id, first.json().id);
  assert.equal(fresh.headers["idempotency-replayed"], undefined);
  assert.equal((await ledger.get(first.json().id))?.state, "created");
});

test("after its time a key may stand for another body", async (t) => {
  const { app, clock } = await anApi(t);
  const other = { ...REQUEST, subject: "Other" };
  await post(app, "/v1/drafts", REQUEST, KEY);
  assert.equal((await post(app, "/v1/drafts", other, KEY)).json().code, "KEY_REUSED");
  await clock.advance(KEY_KEPT_MS);
  assert.equal((await post(app, "/v1/drafts", other, KEY)).statusCode, 202);
});

test("a call that died between its key and its request is gone on with by the next one", async (t) => {
  const { app, ledger, publisher } = await anApi(t);
  publisher.set("fail");
  const lost = await post(app, "/v1/drafts", REQUEST, KEY);
  assert.equal(lost.statusCode, 503);
  publisher.set("acknowledge");
  const again = await post(app, "/v1/drafts", REQUEST, KEY);
  assert.equal(again.statusCode, 202);
  assert.equal(again.json().id, lost.json().id);
  assert.equal((await ledger.list({ limit: 10 })).items.length, 1);
});

test("beside a dedupeKey the key leads to the dedupeKey's request, and guards its body too", async (t) => {
  const { app } = await anApi(t);
  const keyed = { ...REQUEST, dedupeKey: "invoice-1" };
  const first = await post(app, "/v1/drafts", keyed, KEY);
  assert.equal((await post(app, "/v1/drafts", keyed)).json().id, first.json().id);
  const other = await post(app, "/v1/drafts", { ...REQUEST, dedupeKey: "invoice-2" }, KEY);
  assert.equal(other.statusCode, 422);
  assert.equal(other.json().code, "KEY_REUSED");
});

test("without a key nothing is written but the record", async (t) => {
  const { app, ledger } = await anApi(t);
  await post(app, "/v1/drafts", REQUEST);
  assert.deepEqual((await ledger.documents(IDEMPOTENCY_KEYS).list(10)).items, []);
});
