import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { type ApiUnderTest, anApi, post, REQUEST, work } from "./api-under-test.ts";

/** The id under which the request that is being waited for went to the queue. */
async function publishedId({ publisher }: ApiUnderTest): Promise<string> {
  await publisher.arrived();
  return publisher.published.at(-1)?.attributes.id ?? "";
}

test("POST / answers with the draft's id as soon as the draft exists", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/", REQUEST);
  await work(api.ledger, await publishedId(api), "create");
  assert.equal((await answer).statusCode, 200);
  assert.deepEqual((await answer).json(), { status: "ok", draft_id: "r-1" });
  assert.equal((await answer).headers["preference-applied"], undefined);
});

test("POST / waits 30 s and then promises the draft", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/", REQUEST);
  await api.clock.sleeping(30_000);
  await api.clock.advance(29_999);
  assert.equal(api.clock.sleepers > 0, true);
  await api.clock.advance(1);
  const { statusCode, headers, ...response } = await answer;
  assert.equal(statusCode, 202);
  assert.deepEqual(response.json(), { id: await publishedId(api), status: "queued" });
  assert.equal(headers.location, `/v1/drafts/${response.json().id}`);
});

test("POST / answers with why the draft failed while it waited", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/", REQUEST);
  const id = await publishedId(api);
  await work(api.ledger, id, "fail");
  assert.equal((await answer).statusCode, 422);
  assert.equal((await answer).json().code, "RECIPIENT_REJECTED");
  assert.equal((await answer).json().id, id);
  assert.equal((await answer).headers["idempotency-replayed"], undefined);
});

test("POST / with respond-async does not wait", async (t) => {
  const { app } = await anApi(t);
  const answer = await post(app, "/", REQUEST, { prefer: "respond-async" });
  assert.equal(answer.statusCode, 202);
  assert.equal(answer.headers["preference-applied"], "respond-async");
});

test("POST /v1/drafts with wait answers 201 and the record once the draft exists", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/v1/drafts", REQUEST, { prefer: "wait=20" });
  const id = await publishedId(api);
  await work(api.ledger, id, "create");
  const { statusCode, headers, ...response } = await answer;
  assert.equal(statusCode, 201);
  assert.equal(headers.location, `/v1/drafts/${id}`);
  assert.equal(headers["preference-applied"], "wait=20");
  assert.equal(response.json().status, "created");
  assert.equal(response.json().draftId, "r-1");
});

test("a wait of more than a minute is cut to one, and the answer says so", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/v1/drafts", REQUEST, { prefer: "wait=600" });
  await api.clock.sleeping(60_000);
  await api.clock.advance(60_000);
  assert.equal((await answer).statusCode, 202);
  assert.equal((await answer).headers["preference-applied"], "wait=60");
});

test("a 202 after a wait tells the state that was reached meanwhile", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/v1/drafts", REQUEST, { prefer: "wait=5" });
  await work(api.ledger, await publishedId(api), "claim");
  await api.clock.sleeping(5_000);
  await api.clock.advance(5_000);
  assert.equal((await answer).json().status, "processing");
});

test("GET /v1/drafts/{id} with wait answers when the request has settled, also when it failed", async (t) => {
  const { app, ledger } = await anApi(t);
  const { id } = (await post(app, "/v1/drafts", REQUEST)).json();
  const answer = app.inject({ url: `/v1/drafts/${id}`, headers: { prefer: "wait=20" } });
  await work(ledger, id, "park");
  assert.equal((await answer).statusCode, 200);
  assert.equal((await answer).json().status, "parked");
  assert.equal((await answer).json().problem.code, "DELEGATION_MISSING");
  assert.equal((await answer).headers["preference-applied"], "wait=20");
});

test("a caller that hangs up is not waited for any longer", async (t) => {
  const api = await anApi(t);
  const url = await api.app.listen({ port: 0, host: "127.0.0.1" });
  const request = httpRequest(url, { method: "POST", headers: { "content-type": "application/json" } });
  request.end(JSON.stringify(REQUEST));
  await api.clock.sleeping(30_000);
  request.destroy();
  await once(request, "close").catch(() => {});
  while (api.clock.sleepers > 0) await new Promise(setImmediate);
  await api.app.close();
  const ends = api.events.filter(({ message }) => String(message).startsWith("request."));
  assert.deepEqual(
    ends.map(({ message }) => message),
    ["request.aborted"],
  );
});

test("a ledger that goes away during a wait does not unmake the promise", async (t) => {
  const api = await anApi(t);
  const answer = post(api.app, "/v1/drafts", REQUEST, { prefer: "wait=5" });
  await api.clock.sleeping(5_000);
  await api.ledger.close();
  assert.equal((await answer).statusCode, 202);
});
