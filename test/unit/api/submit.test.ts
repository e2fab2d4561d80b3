import assert from "node:assert/strict";
import { test } from "node:test";
import { ATTACHMENTS_BYTES_MAX } from "@draftmill/shared/contract/attachment.ts";
import { fingerprint, parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { anApi, MAILBOX, post, REQUEST, ScriptedPublisher, work } from "./api-under-test.ts";
import { anApiWithCallers, CRM } from "./callers-under-test.ts";

test("a draft is promised with its id, its state and where to ask", async (t) => {
  const { app, ledger } = await anApi(t);
  const answer = await post(app, "/v1/drafts", REQUEST);
  assert.equal(answer.statusCode, 202);
  const { id, ...rest } = answer.json();
  assert.deepEqual(rest, { status: "queued" });
  assert.equal(answer.headers.location, `/v1/drafts/${id}`);
  assert.equal(answer.headers["idempotency-replayed"], undefined);
  const record = await ledger.get(id);
  assert.equal(record?.mailbox, MAILBOX);
  assert.deepEqual(record?.to, ["ada@example.com"]);
});

test("the message holds the caller's JSON, the mailbox it was accepted for, and travels under the record's id", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await post(app, "/v1/drafts", { ...REQUEST, metadata: { campaign: "é😀" } }, { traceparent });
  const [message] = publisher.published;
  const body = JSON.parse(String(message?.data));
  assert.deepEqual(body, { ...REQUEST, metadata: { campaign: "é😀" }, mailbox: MAILBOX });
  const [record] = (await ledger.list({ limit: 1 })).items;
  const { accepted, ...attributes } = message?.attributes ?? {};
  assert.deepEqual(attributes, { id: record?.id, traceparent });
  assert.match(accepted ?? "", new RegExp(`^${record?.createdAtMs}/.`));
  assert.match(message?.orderingKey ?? "", /^rep@corp\.example#\d+$/);
  const parsed = parseDraftRequest(body, "other@corp.example");
  assert.ok(parsed.ok);
  assert.equal(fingerprint(parsed.request), record?.bodyHash);
});

test("without shards the message has no ordering key", async (t) => {
  const { app, publisher } = await anApi(t, { orderingShards: 0 });
  await post(app, "/v1/drafts", REQUEST);
  assert.equal(publisher.published[0]?.orderingKey, null);
});

test("a trace context that is none does not travel", async (t) => {
  const { app, publisher } = await anApi(t);
  const { id } = (await post(app, "/v1/drafts", REQUEST, { traceparent: "x".repeat(2_000) })).json();
  const { attributes } = publisher.published[0] ?? {};
  assert.deepEqual([attributes?.id, attributes?.traceparent], [id, undefined]);
});

for (const route of ["/", "/v1/drafts"]) {
  test(`POST ${route} answers nothing before the queue has acknowledged`, async (t) => {
    const { app, publisher } = await anApi(t);
    publisher.set("hold");
    let answered = false;
    const answer = post(app, route, REQUEST, { prefer: "respond-async" }).then((response) => {
      answered = true;
      return response;
    });
    await publisher.arrived();
    // A whole round trip of another request: time enough for a hasty answer.
    assert.equal((await app.inject("/health/live")).statusCode, 200);
    assert.equal(answered, false);
    publisher.acknowledgeAll();
    assert.equal((await answer).statusCode, 202);
  });
}

test("the record is there before the message is published", async (t) => {
  const publisher = new ScriptedPublisher();
  const { app, ledger } = await anApi(t, { publisher });
  publisher.set("hold");
  const answer = post(app, "/v1/drafts", REQUEST);
  await publisher.arrived();
  const id = publisher.published[0]?.attributes.id ?? "";
  assert.equal((await ledger.get(id))?.state, "queued");
  publisher.acknowledgeAll();
  await answer;
});

test("a publish that fails is a 503 to try again, with the doubt on record", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  publisher.set("fail");
  const answer = await post(app, "/v1/drafts", REQUEST, { "idempotency-key": "k" });
  const problem = answer.json();
  assert.equal(answer.statusCode, 503);
  assert.equal(problem.code, "PUBLISH_UNCONFIRMED");
  assert.equal(problem.retryable, true);
  assert.match(String(answer.headers["retry-after"]), /^[1-9]\d*$/);
  assert.equal((await ledger.get(problem.id))?.note, "publish-unconfirmed");

  publisher.set("acknowledge");
  const again = await post(app, "/v1/drafts", REQUEST, { "idempotency-key": "k" });
  assert.equal(again.statusCode, 202);
  assert.equal(again.json().id, problem.id);
});

test("a caller that lost the answer gets the same id for the same key, and there is one record", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  const first = await post(app, "/v1/drafts", REQUEST, { "idempotency-key": "order-7" });
  const { to, subject, message } = REQUEST;
  const again = await post(app, "/v1/drafts", { message, subject, to, cc: [] }, { "idempotency-key": "order-7" });
  assert.equal(again.statusCode, 202);
  assert.equal(again.json().id, first.json().id);
  assert.equal(again.headers["idempotency-replayed"], "true");
  assert.equal((await ledger.list({ limit: 10 })).items.length, 1);
  const ids = publisher.published.map(({ attributes }) => attributes.id);
  assert.deepEqual(ids, [first.json().id, first.json().id]);
});

test("a key with another file is refused, whatever else is the same", async (t) => {
  const { app, ledger } = await anApi(t);
  const file = { filename: "a.txt", contentType: "text/plain", content: "YWJj" };
  const withFile = (changes: object) => ({ ...REQUEST, attachments: [{ ...file, ...changes }] });
  for (const [key, headers] of [
    [{}, { "idempotency-key": "k" }],
    [{ dedupeKey: "d" }, {}],
  ] as const) {
    const first = await post(app, "/v1/drafts", { ...withFile({}), ...key }, headers);
    assert.equal(first.statusCode, 202);
    assert.equal((await post(app, "/v1/drafts", { ...withFile({}), ...key }, headers)).json().id, first.json().id);
    for (const changes of [{ content: "YWJk" }, { filename: "b.txt" }, { contentType: "text/csv" }]) {
      const other = await post(app, "/v1/drafts", { ...withFile(changes), ...key }, headers);
      assert.deepEqual([other.statusCode, other.json().code], [422, "KEY_REUSED"], JSON.stringify(changes));
    }
    const record = JSON.stringify(await ledger.get(first.json().id));
    assert.doesNotMatch(record, /YWJj|a\.txt/, "a record of a request that has not failed holds no file");
  }
});

test("the largest request: 5 MB of files and a long page, in one message of Pub/Sub", async (t) => {
  const { app, publisher } = await anApi(t);
  const content = Buffer.alloc(ATTACHMENTS_BYTES_MAX, 255).toString("base64");
  const attachments = [{ filename: "a.bin", contentType: "application/octet-stream", content }];
  const body = { ...REQUEST, attachments, html: "" };
  const room = 8 * 1024 * 1024 - Buffer.byteLength(JSON.stringify(body));
  assert.ok(room > 1_700_000, `${room} bytes are left for the rest`);
  const answer = await post(app, "/v1/drafts", { ...body, html: "x".repeat(room) });
  assert.equal(answer.statusCode, 202);
  assert.ok((publisher.published[0]?.data.length ?? 0) < 8.5 * 1024 * 1024);
  assert.equal((await post(app, "/v1/drafts", { ...body, html: "x".repeat(room + 1) })).json().code, "BODY_TOO_LARGE");
});

test("a key with another body is refused", async (t) => {
  const { app, publisher } = await anApi(t);
  await post(app, "/v1/drafts", REQUEST, { "idempotency-key": "k" });
  const answer = await post(app, "/v1/drafts", { ...REQUEST, subject: "Other" }, { "idempotency-key": "k" });
  assert.equal(answer.statusCode, 422);
  assert.equal(answer.json().code, "KEY_REUSED");
  assert.equal(publisher.published.length, 1);
});

test("an Idempotency-Key belongs to its route, a dedupeKey to its mailbox", async (t) => {
  const { app } = await anApi(t);
  const id = async (url: string, body: object, headers: Record<string, string>): Promise<string> =>
    (await post(app, url, body, { prefer: "respond-async", ...headers })).json().id;
  const key = { "idempotency-key": "k" };
  assert.notEqual(await id("/", REQUEST, key), await id("/v1/drafts", REQUEST, key));

  const keyed = { ...REQUEST, dedupeKey: "k" };
  assert.equal(await id("/", keyed, {}), await id("/v1/drafts", keyed, { "idempotency-key": "another" }));
  const elsewhere = { ...keyed, mailbox: "bo@team.example" };
  assert.notEqual(await id("/v1/drafts", keyed, {}), await id("/v1/drafts", elsewhere, {}));
});

test("an Idempotency-Key belongs to its caller", async (t) => {
  const warehouse = "warehouse@demo.iam.gserviceaccount.com";
  const callers = [CRM, warehouse].map((caller) => ({ caller, mailboxes: [MAILBOX], role: "submit" }));
  const { app, publisher, as } = await anApiWithCallers(t, { callers });
  const id = async (email: string): Promise<string> =>
    (await post(app, "/v1/drafts", REQUEST, { "idempotency-key": "k", ...(await as(email)) })).json().id;
  assert.notEqual(await id(CRM), await id(warehouse));
  assert.deepEqual(
    publisher.published.map(({ attributes }) => attributes.caller),
    [CRM, warehouse],
  );
});

test("of fifty requests with one key at the same moment all get one id, and there is one record", async (t) => {
  const { app, ledger } = await anApi(t);
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => post(app, "/v1/drafts", REQUEST, { "idempotency-key": "k" })),
  );
  assert.deepEqual([...new Set(answers.map(({ statusCode }) => statusCode))], [202]);
  assert.equal(new Set(answers.map((answer) => answer.json().id)).size, 1);
  assert.equal(answers.filter(({ headers }) => headers["idempotency-replayed"] === undefined).length, 1);
  assert.equal((await ledger.list({ limit: 10 })).items.length, 1);
});

test("a key whose draft exists answers with the draft, and nothing is published", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  const keyed = { ...REQUEST, dedupeKey: "k" };
  const { id } = (await post(app, "/v1/drafts", keyed)).json();
  await work(ledger, id, "create");

  const queued = await post(app, "/v1/drafts", keyed);
  assert.equal(queued.statusCode, 201);
  assert.equal(queued.headers.location, `/v1/drafts/${id}`);
  assert.equal(queued.headers["idempotency-replayed"], "true");
  assert.equal(queued.json().draftId, "r-1");

  const waited = await post(app, "/", keyed);
  assert.equal(waited.statusCode, 200);
  assert.deepEqual(waited.json(), { status: "ok", draft_id: "r-1" });
  assert.equal(publisher.published.length, 1);
});

test("a key whose draft is being made is published once more and promised again", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  const keyed = { ...REQUEST, dedupeKey: "k" };
  const { id } = (await post(app, "/v1/drafts", keyed)).json();
  await work(ledger, id, "claim");
  const again = await post(app, "/v1/drafts", keyed);
  assert.equal(again.statusCode, 202);
  assert.deepEqual(again.json(), { id, status: "processing" });
  assert.equal(publisher.published.length, 2);
});

for (const [outcome, status, code] of [
  ["fail", 422, "RECIPIENT_REJECTED"],
  ["park", 503, "DELEGATION_MISSING"],
] as const) {
  for (const route of ["/", "/v1/drafts"]) {
    test(`POST ${route} with a key whose request ended as ${code} answers with that again`, async (t) => {
      const { app, publisher, ledger } = await anApi(t);
      const keyed = { ...REQUEST, dedupeKey: "k" };
      const { id } = (await post(app, "/v1/drafts", keyed)).json();
      await work(ledger, id, outcome);
      const answer = await post(app, route, keyed);
      const problem = answer.json();
      assert.equal(answer.statusCode, status);
      assert.equal(answer.headers["content-type"], "application/problem+json; charset=utf-8");
      assert.equal(answer.headers["idempotency-replayed"], "true");
      assert.equal(problem.code, code);
      assert.equal(problem.detail, `why ${code}`);
      assert.equal(problem.id, id);
      assert.equal(problem.instance, `/v1/drafts/${id}`);
      assert.equal(answer.headers["retry-after"] !== undefined, status === 503);
      assert.equal(publisher.published.length, 1);
    });
  }
}

test("a key whose request was withdrawn says so and makes no draft", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  const keyed = { ...REQUEST, dedupeKey: "k" };
  const { id } = (await post(app, "/v1/drafts", keyed)).json();
  await ledger.cancel(id);
  for (const route of ["/", "/v1/drafts"]) {
    const answer = await post(app, route, keyed);
    assert.equal(answer.statusCode, 409);
    assert.equal(answer.json().code, "DRAFT_CANCELED");
    assert.equal(answer.json().id, id);
  }
  assert.equal(publisher.published.length, 1);
});
