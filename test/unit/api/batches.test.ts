import assert from "node:assert/strict";
import { test } from "node:test";
import { IDEMPOTENCY_KEYS } from "@draftmill/api/idempotency-key.ts";
import { BATCHES } from "@draftmill/shared/batch/batch.ts";
import { anApi, aRecord, MAILBOX, post, REQUEST } from "./api-under-test.ts";
import { anApiWithCallers, CRM, OPERATOR } from "./callers-under-test.ts";

const TEAM = "bo@team.example";
const OTHER = "other@demo.iam.gserviceaccount.com";
const items = (count: number) => Array.from({ length: count }, (_, n) => ({ ...REQUEST, subject: `Offer ${n}` }));

for (const [what, body, pointers] of [
  ["nothing in it", {}, ["/items"]],
  ["no items", { items: [] }, ["/items"]],
  ["too many", { items: items(1_001) }, ["/items"]],
  ["an item that is a text", { items: [REQUEST, "x"] }, ["/items/1"]],
  ["items that are none", { items: REQUEST }, ["/items"]],
  ["an unknown field", { items: items(1), itmes: [] }, ["/itmes"]],
  ["an unknown mode", { mode: "lenient", items: items(1) }, ["/mode"]],
  ["several faults of its frame", { name: "", defaults: [], items: items(1) }, ["/name", "/defaults"]],
  [
    "an unknown field among the defaults",
    { defaults: { bbc: "x" }, items: items(2) },
    ["/items/0/bbc", "/items/1/bbc"],
  ],
  [
    "faults in every item",
    { mode: "permissive", items: [{ ...REQUEST, to: 1 }, {}] },
    ["/items/0/to", "/items/1/to", "/items/1/subject"],
  ],
] as const) {
  test(`a batch with ${what} is refused whole, with each fault's pointer`, async (t) => {
    const { app, ledger, publisher } = await anApi(t);
    const answer = await post(app, "/v1/batches", body, { "idempotency-key": "k" });
    assert.equal(answer.statusCode, 422);
    const { code, errors }: { code: string; errors: { pointer: string }[] } = answer.json();
    assert.equal(code, "BATCH_INVALID");
    for (const pointer of pointers)
      assert.ok(
        errors.some((error) => error.pointer === pointer),
        `${pointer} in ${answer.body}`,
      );
    assert.equal(publisher.published.length, 0);
    assert.deepEqual((await ledger.documents(BATCHES).list(1)).items, []);
    assert.deepEqual((await ledger.documents(IDEMPOTENCY_KEYS).list(1)).items, []);
  });
}

test("its messages carry the batch, ids of their own and the ordering key of their mailbox", async (t) => {
  const { app, publisher } = await anApi(t);
  const answer = await post(app, "/v1/batches", { defaults: { mailbox: TEAM }, items: items(3) });
  assert.equal(answer.statusCode, 202);
  const { id, results }: { id: string; results: { id: string }[] } = answer.json();
  assert.equal(answer.headers.location, `/v1/batches/${id}`);
  assert.deepEqual(
    publisher.published.map(({ attributes }) => attributes),
    results.map((one) => ({ id: one.id, batch: id })),
  );
  for (const { orderingKey, data } of publisher.published) {
    assert.match(orderingKey ?? "", /^bo@team\.example#\d+$/);
    assert.equal(JSON.parse(data.toString()).mailbox, TEAM);
  }
});

test("a batch whose publish is not confirmed is told so, shows as incomplete, and is whole when the call comes again", async (t) => {
  const { app, publisher } = await anApi(t);
  const key = { "idempotency-key": "k" };
  publisher.set("fail");
  const failed = await post(app, "/v1/batches", { items: items(2) }, key);
  assert.deepEqual([failed.statusCode, failed.json().code], [503, "PUBLISH_UNCONFIRMED"]);
  assert.equal((await app.inject("/v1/batches")).json().items.length, 1);
  const { id } = (await app.inject("/v1/batches")).json().items[0];
  assert.equal((await app.inject(`/v1/batches/${id}`)).json().status, "incomplete");
  publisher.set("acknowledge");
  const again = await post(app, "/v1/batches", { items: items(2) }, key);
  assert.deepEqual([again.statusCode, again.json().id, again.headers["idempotency-replayed"]], [202, id, "true"]);
  const batch = (await app.inject(`/v1/batches/${id}`)).json();
  assert.deepEqual([batch.status, batch.counts.queued, batch.secondsLeft], ["running", 2, 1]);
});

test("how long the rest takes is its slowest mailbox's time, and a pause is not counted", async (t) => {
  const { app, ledger, clock } = await anApi(t);
  const mixed = items(60).map((item, n) => ({ ...item, mailbox: n < 20 ? TEAM : MAILBOX }));
  const { id, results }: { id: string; results: { id: string }[] } = (
    await post(app, "/v1/batches", { items: mixed })
  ).json();
  const left = async () => (await app.inject(`/v1/batches/${id}`)).json().secondsLeft;
  assert.equal(await left(), 4);
  const make = async (numbers: readonly number[]): Promise<void> => {
    for (const n of numbers) {
      const { mailbox = "" } = mixed[n] ?? {};
      await ledger.accept(aRecord(clock, { id: results[n]?.id ?? "", batch: id, mailbox, state: "created" }));
    }
  };
  // One a second in the large one, and none in the small one.
  await clock.advance(10_000);
  await make(Array.from({ length: 10 }, (_, n) => 20 + n));
  assert.equal(await left(), 30);
  await post(app, `/v1/batches/${id}/pause`, {});
  assert.equal(await left(), null);
  await clock.advance(3_600_000);
  await post(app, `/v1/batches/${id}/resume`, {});
  assert.equal(await left(), 30);
  await clock.advance(10_000);
  await make(Array.from({ length: 10 }, (_, n) => 30 + n));
  assert.equal(await left(), 20);
});

test("a mailbox outside its caller's list keeps the batch back, named with the caller, and nothing else is told", async (t) => {
  const api = await anApiWithCallers(t);
  const mixed = [REQUEST, { ...REQUEST, mailbox: TEAM }];
  const answer = await post(api.app, "/v1/batches", { items: mixed }, await api.as(CRM));
  assert.equal(answer.statusCode, 422);
  assert.deepEqual(answer.json().errors, [
    {
      pointer: "/items/1/mailbox",
      code: "mailboxNotAllowed",
      detail: `${CRM} may not make drafts in ${TEAM}`,
      index: 1,
    },
  ]);
  assert.equal(api.publisher.published.length, 0);
  assert.ok(!JSON.stringify(api.events).includes("@"));
});

test("its requests count towards the caller's day, all or none of them, and once", async (t) => {
  const limited = { caller: CRM, mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000, draftsPerDay: 5 };
  const api = await anApiWithCallers(t, { callers: [limited] });
  const send = async (count: number, key: string) =>
    post(api.app, "/v1/batches", { items: items(count) }, { ...(await api.as(CRM)), "idempotency-key": key });
  assert.equal((await send(3, "a")).statusCode, 202);
  assert.equal((await send(3, "a")).statusCode, 202);
  const refused = await send(3, "b");
  assert.deepEqual([refused.statusCode, refused.json().code], [429, "DRAFTS_PER_DAY_EXCEEDED"]);
  assert.ok(Number(refused.headers["retry-after"]) > 0);
  assert.equal((await send(2, "c")).statusCode, 202);
  assert.equal((await send(1, "d")).statusCode, 429);
});

test("a batch is its caller's and the operators'; for anybody else there is none", async (t) => {
  const submits = { mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000 };
  const operator = { caller: OPERATOR, mailboxes: [], role: "operate", requestsPerSecond: 1_000 };
  const api = await anApiWithCallers(t, {
    callers: [{ caller: CRM, ...submits }, { caller: OTHER, ...submits }, operator],
  });
  const { id } = (await post(api.app, "/v1/batches", { items: items(1) }, await api.as(CRM))).json();
  const calls = [
    ["GET", `/v1/batches/${id}`],
    ["GET", `/v1/batches/${id}/results`],
    ["POST", `/v1/batches/${id}/pause`],
    ["POST", `/v1/batches/${id}/resume`],
    ["POST", `/v1/batches/${id}/undo`],
    ["POST", `/v1/batches/${id}/cancel`],
  ] as const;
  for (const [method, url] of calls) {
    const by = async (caller: string) => api.app.inject({ method, url, headers: await api.as(caller) });
    assert.deepEqual([(await by(OTHER)).statusCode, (await by(OTHER)).json().code], [404, "BATCH_NOT_FOUND"], url);
    for (const caller of [OPERATOR, CRM]) assert.ok((await by(caller)).statusCode < 300, `${caller} ${method} ${url}`);
  }
  const list = async (caller: string) => api.app.inject({ url: "/v1/batches", headers: await api.as(caller) });
  assert.equal((await list(CRM)).json().code, "ROLE_NOT_ALLOWED");
  assert.equal((await list(OPERATOR)).json().items.length, 1);
});
