import assert from "node:assert/strict";
import { test } from "node:test";
import { anApi, post, REQUEST } from "./api-under-test.ts";

const DAY_MS = 86_400_000;

test("a request for later is answered at once, whoever would wait, and so is the question what became of it", async (t) => {
  const { app, clock, publisher } = await anApi(t);
  const notBefore = new Date(clock.nowMs() + 10_000).toISOString();
  for (const [url, headers] of [
    ["/", {}],
    ["/v1/drafts", { prefer: "wait=60" }],
  ] as const) {
    const answer = await post(app, url, { ...REQUEST, notBefore }, headers);
    assert.deepEqual([answer.statusCode, answer.json().status], [202, "queued"], url);
    assert.equal(answer.headers["preference-applied"], undefined);
    const view = await app.inject({ url: `/v1/drafts/${answer.json().id}`, headers: { prefer: "wait=60" } });
    assert.deepEqual([view.json().status, view.json().notBefore], ["queued", notBefore]);
  }
  assert.equal(publisher.published.length, 2);
  assert.equal(JSON.parse(String(publisher.published[0]?.data)).notBefore, notBefore);
});

test("one for more than thirty days ahead is refused by its field: alone, in a batch and in a file", async (t) => {
  const { app, clock, publisher } = await anApi(t);
  const notBefore = new Date(clock.nowMs() + 30 * DAY_MS + 1).toISOString();
  const detail = "notBefore is more than 30 days ahead, for which a request is kept";
  const alone = await post(app, "/v1/drafts", { ...REQUEST, notBefore });
  assert.deepEqual([alone.statusCode, alone.json().code], [422, "REQUEST_INVALID"]);
  assert.deepEqual(alone.json().errors, [{ pointer: "/notBefore", code: "tooFarAhead", detail }]);
  const batch = await post(app, "/v1/batches", { items: [REQUEST, { ...REQUEST, notBefore }] });
  assert.deepEqual(
    batch.json().errors.map(({ pointer }: { pointer: string }) => pointer),
    ["/items/1/notBefore"],
  );
  const file = `to,subject,message,When\nada@example.com,S,M,${notBefore}\nada@example.com,S,M,soon\n`;
  const order = encodeURIComponent(JSON.stringify({ map: { notBefore: "When" } }));
  const headers = { "content-type": "text/csv" };
  const answer = await app.inject({ method: "POST", url: `/v1/imports?import=${order}`, headers, payload: file });
  assert.deepEqual(
    answer
      .json()
      .errors.map(({ row, errors }: { row: number; errors: { pointer: string; code: string }[] }) => [
        row,
        errors[0]?.pointer,
        errors[0]?.code,
      ]),
    [
      [1, "/notBefore", "tooFarAhead"],
      [2, "/notBefore", "dateTime"],
    ],
  );
  assert.equal(publisher.published.length, 0);
});

test("under one dedupeKey the first time stands; under one Idempotency-Key another time is another call", async (t) => {
  const { app, clock } = await anApi(t);
  const at = (days: number) => new Date(clock.nowMs() + days * DAY_MS).toISOString();
  const keyed = (days: number) => post(app, "/v1/drafts", { ...REQUEST, dedupeKey: "k", notBefore: at(days) });
  const first = await keyed(1);
  const second = await keyed(2);
  assert.deepEqual([second.statusCode, second.json().id], [202, first.json().id]);
  assert.equal((await app.inject(`/v1/drafts/${first.json().id}`)).json().notBefore, at(1));
  const headers = { "idempotency-key": "i" };
  assert.equal((await post(app, "/v1/drafts", { ...REQUEST, notBefore: at(1) }, headers)).statusCode, 202);
  assert.equal((await post(app, "/v1/drafts", { ...REQUEST, notBefore: at(2) }, headers)).json().code, "KEY_REUSED");
});
