import assert from "node:assert/strict";
import { test } from "node:test";
import { READING_LEASE_MS } from "@draftmill/api/imports/import-lease.ts";
import { BATCHES } from "@draftmill/shared/batch/batch.ts";
import type { FastifyInstance } from "fastify";
import { anApi, MAILBOX } from "../api-under-test.ts";
import { anApiWithCallers, CRM, OPERATOR } from "../callers-under-test.ts";

const TEAM = "bo@team.example";
const HEADER = "to,subject,message,mailbox\n";
const rowOf = (n: number, mailbox = ""): string => `p${n}@example.com,Offer ${n},Text,${mailbox}\n`;
const rowsTo = (count: number): string => HEADER + Array.from({ length: count }, (_, n) => rowOf(n)).join("");

const send = (app: FastifyInstance, file: string, headers: Record<string, string> = {}, query = "") =>
  app.inject({
    method: "POST",
    url: `/v1/imports${query}`,
    headers: { "content-type": "text/csv", ...headers },
    payload: file,
  });

const queryOf = (order: object): string => `?import=${encodeURIComponent(JSON.stringify(order))}`;

test("a row for a mailbox outside its caller's list is kept back, and the others are not", async (t) => {
  const api = await anApiWithCallers(t);
  const answer = await send(api.app, HEADER + rowOf(1, MAILBOX) + rowOf(2, TEAM), await api.as(CRM));
  assert.equal(answer.statusCode, 202);
  const { accepted, rejected, errors } = answer.json();
  assert.deepEqual([accepted, rejected], [1, 1]);
  assert.deepEqual(errors, [
    {
      row: 2,
      errors: [{ pointer: "/mailbox", code: "mailboxNotAllowed", detail: `${CRM} may not make drafts in ${TEAM}` }],
    },
  ]);
  assert.equal(api.publisher.published.length, 1);
  assert.ok(!JSON.stringify(api.events).includes("@"));
});

test("its rows at fault are for its caller and operators", async (t) => {
  const other = "other@demo.iam.gserviceaccount.com";
  const submits = { mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000 };
  const operator = { caller: OPERATOR, mailboxes: [], role: "operate", requestsPerSecond: 1_000 };
  const api = await anApiWithCallers(t, {
    callers: [{ caller: CRM, ...submits }, { caller: other, ...submits }, operator],
  });
  const mixed = await send(api.app, `${HEADER}nobody,=1+1,M,\n${rowOf(1)}`, await api.as(CRM));
  const errorsBy = async (caller: string) =>
    api.app.inject({ url: `/v1/batches/${mixed.json().id}/errors`, headers: await api.as(caller) });
  assert.equal((await errorsBy(other)).json().code, "BATCH_NOT_FOUND");
  for (const caller of [CRM, OPERATOR]) {
    const file = await errorsBy(caller);
    assert.equal(file.statusCode, 200);
    assert.match(String(file.headers["content-disposition"]), /^attachment; /);
    // A spreadsheet must not take a prospect's words for a formula.
    assert.match(file.body, /^to,subject,message,mailbox,draftmill_row,draftmill_error\r\nnobody,'=1\+1,M,,1,/);
  }
});

test("what a day allows is counted row by row, and the file goes on the next day", async (t) => {
  const limited = { caller: CRM, mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000, draftsPerDay: 1_500 };
  const api = await anApiWithCallers(t, { callers: [limited] });
  const file = rowsTo(2_000);
  const first = await send(api.app, file, { ...(await api.as(CRM)), "idempotency-key": "k" });
  assert.deepEqual([first.statusCode, first.json().code], [429, "DRAFTS_PER_DAY_EXCEEDED"]);
  assert.equal(api.publisher.published.length, 1_000);
  await api.clock.advance(24 * 3_600_000);
  const second = await send(api.app, file, { ...(await api.as(CRM)), "idempotency-key": "k" });
  assert.equal(second.statusCode, 202);
  assert.equal(new Set(api.publisher.published.map(({ attributes }) => attributes.id)).size, 2_000);
  assert.equal(api.publisher.published.length, 2_000);
});

test("publishes that are not confirmed: 503, and the same file goes on", async (t) => {
  const { app, publisher, ledger } = await anApi(t);
  publisher.set("fail");
  const failed = await send(app, rowsTo(3), { "idempotency-key": "k" });
  assert.deepEqual([failed.statusCode, failed.json().code], [503, "PUBLISH_UNCONFIRMED"]);
  publisher.set("acknowledge");
  const again = await send(app, rowsTo(3), { "idempotency-key": "k" });
  assert.equal(again.statusCode, 202);
  const batch = await ledger.documents(BATCHES).get(again.json().id);
  assert.deepEqual([batch?.total, batch?.sealedAtMs !== null], [3, true]);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a row of JSON that says all of it is published as it stands, and completed where something is missing", async (t) => {
  const { app, publisher } = await anApi(t);
  const told = `{ "to":"a@example.com", "subject":"Zo\\u00eb",\t"message":"Té", "mailbox":"${MAILBOX}" }`;
  const rows = [
    told,
    '{"to":"b@example.com","subject":"S","message":"M"}',
    `{"to":"c@example.com","subject":"S","message":"M","mailbox":"${MAILBOX.toUpperCase()}"}`,
  ];
  const sendRows = (order: object) =>
    send(app, rows.join("\n"), { "content-type": "application/x-ndjson" }, queryOf(order));
  assert.equal((await sendRows({})).statusCode, 202);
  const [first, ...others] = publisher.published.map(({ data }) => String(data));
  assert.equal(first, told);
  assert.deepEqual(
    others.map((text) => JSON.parse(text).mailbox),
    [MAILBOX, MAILBOX],
  );
  assert.equal((await sendRows({ name: "other", defaults: { metadata: { from: "file" } } })).statusCode, 202);
  const again = publisher.published.slice(3).map(({ data }) => JSON.parse(String(data)));
  assert.deepEqual(again, [
    { ...JSON.parse(told), metadata: { from: "file" } },
    { to: "b@example.com", subject: "S", message: "M", metadata: { from: "file" }, mailbox: MAILBOX },
    { to: "c@example.com", subject: "S", message: "M", metadata: { from: "file" }, mailbox: MAILBOX },
  ]);
});

for (const rows of [0, 1, 999, 1_000, 1_001, 2_000]) {
  test(`a file of ${rows} rows is a batch of ${rows}, sealed when it is answered`, async (t) => {
    const { app, ledger, publisher } = await anApi(t);
    const answer = await send(app, rowsTo(rows));
    assert.equal(answer.statusCode, 202);
    const batch = await ledger.documents(BATCHES).get(answer.json().id);
    assert.deepEqual([batch?.total, batch?.read?.rows, publisher.published.length], [rows, rows, rows]);
    assert.equal(typeof batch?.sealedAtMs, "number");
  });
}

test("a second call with one file and key is told to wait before its first row, and nothing is published twice", async (t) => {
  const { app, publisher, ledger, clock } = await anApi(t);
  publisher.set("hold");
  const first = send(app, rowsTo(5), { "idempotency-key": "k" });
  while (publisher.published.length < 5) await turn();
  const second = send(app, rowsTo(5), { "idempotency-key": "k" });
  await clock.sleeping(1_000);
  await clock.advance(5_000);
  const refused = await second;
  assert.deepEqual([refused.statusCode, refused.json().code], [409, "IMPORT_UNDER_WAY"]);
  const retryAfter = Number(refused.headers["retry-after"]);
  assert.ok(retryAfter > 0 && retryAfter <= 90, `after ${retryAfter} s`);
  assert.equal(publisher.published.length, 5);
  publisher.set("acknowledge");
  publisher.acknowledgeAll();
  assert.equal((await first).statusCode, 202);
  const third = await send(app, rowsTo(5), { "idempotency-key": "k" });
  assert.deepEqual([third.statusCode, third.json().accepted], [202, 5]);
  assert.equal(publisher.published.length, 5);
  const { items } = await ledger.documents(BATCHES).list(10);
  assert.deepEqual(
    items.map(({ total }) => total),
    [5],
  );
});

test("a call that comes again while the one before is still ending waits for it, and goes on", async (t) => {
  const { app, publisher, clock } = await anApi(t);
  publisher.set("hold");
  const first = send(app, rowsTo(5), { "idempotency-key": "k" });
  while (publisher.published.length < 5) await turn();
  const second = send(app, rowsTo(5), { "idempotency-key": "k" });
  await clock.sleeping(1_000);
  publisher.acknowledgeAll();
  assert.equal((await first).statusCode, 202);
  await clock.advance(1_000);
  assert.equal((await second).statusCode, 202);
  assert.equal(publisher.published.length, 5);
});

test("a file whose reader died is free again when its lease has run out; the reader, should it live, counts nothing", async (t) => {
  const { app, publisher, clock, ledger } = await anApi(t);
  publisher.set("hold");
  const stuck = send(app, rowsTo(5), { "idempotency-key": "k" });
  while (publisher.published.length < 5) await turn();
  publisher.set("acknowledge");
  await clock.advance(READING_LEASE_MS);
  const second = await send(app, rowsTo(5), { "idempotency-key": "k" });
  assert.deepEqual([second.statusCode, second.json().accepted], [202, 5]);
  publisher.acknowledgeAll();
  assert.deepEqual([(await stuck).statusCode, (await stuck).json().code], [409, "IMPORT_UNDER_WAY"]);
  const { items } = await ledger.documents(BATCHES).list(10);
  assert.deepEqual(
    items.map(({ total }) => total),
    [5],
  );
});

for (const [what, query, file, code] of [
  ["an order that is not JSON", "?import={", "a", "IMPORT_INVALID"],
  ["an unknown field", "?import=%7B%22tempalte%22:1%7D", "a", "IMPORT_INVALID"],
  ["a map to a field that is none", "?import=%7B%22map%22:%7B%22bbc%22:%22x%22%7D%7D", "a", "IMPORT_INVALID"],
  ["an unknown parameter", "?dry=true", "a", "HEADER_INVALID"],
  ["more rows than are taken", "?dryRun=true", `${HEADER}${rowOf(1).repeat(100_001)}`, "IMPORT_UNREADABLE"],
] as const) {
  test(`${what} is refused`, async (t) => {
    const { app, publisher } = await anApi(t);
    const answer = await send(app, file, {}, query);
    assert.equal(answer.json().code, code, answer.body);
    assert.equal(publisher.published.length, 0);
  });
}

test("JSON and other types are not files", async (t) => {
  const { app } = await anApi(t);
  for (const type of ["application/json", "text/plain", "application/octet-stream"]) {
    assert.equal((await send(app, "{}", { "content-type": type })).json().code, "MEDIA_TYPE_UNSUPPORTED", type);
  }
});
