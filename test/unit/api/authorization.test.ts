import assert from "node:assert/strict";
import { test } from "node:test";
import { IDEMPOTENCY_KEYS } from "@draftmill/api/idempotency-key.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { aRecord, MAILBOX, post, REQUEST } from "./api-under-test.ts";
import { type ApiWithCallers, anApiWithCallers, CRM, OPERATOR } from "./callers-under-test.ts";

const TEAM = "bo@team.example";
const OPERATING = [
  ["GET", "/v1/failures"],
  ["GET", "/v1/failures?groupBy=code"],
  ["GET", `/v1/failures?mailbox=${MAILBOX}`],
  ["GET", "/v1/incidents"],
  ["GET", "/v1/replays"],
  ["GET", "/v1/replays/x"],
  ["POST", "/v1/replays"],
  ["POST", "/v1/replays/x/cancel"],
  ["GET", "/v1/drafts"],
  ["GET", "/v1/drafts?state=created"],
  ["GET", "/v1/drafts?groupBy=state"],
] as const;

async function call(api: ApiWithCallers, caller: string, method: "GET" | "POST", url: string) {
  const body = method === "POST" ? { payload: { filter: {} } } : {};
  return api.app.inject({ method, url, headers: await api.as(caller), ...body });
}

test("a caller that is not in the policy is told its code and no more, before its body is read", async (t) => {
  const api = await anApiWithCallers(t);
  const answer = await post(api.app, "/v1/drafts", "{ not even JSON", await api.as("eve@demo.iam.gserviceaccount.com"));
  assert.equal(answer.statusCode, 403);
  const { code, detail, title, errors } = answer.json();
  assert.deepEqual({ code, detail, errors }, { code: "CALLER_NOT_ALLOWED", detail: title, errors: [] });
  assert.doesNotMatch(answer.body, /@|corp\.example/);
  assert.match(String(api.events.at(-1)?.reason), /no entry/);
  assert.ok(!JSON.stringify(api.events).includes("eve@"));
});

test("a mailbox outside its caller's list is refused by its name and the caller's, and nothing is written", async (t) => {
  const api = await anApiWithCallers(t);
  const headers = { ...(await api.as(CRM)), "idempotency-key": "k" };
  const answer = await post(api.app, "/v1/drafts", { ...REQUEST, mailbox: TEAM }, headers);
  assert.equal(answer.statusCode, 403);
  const { code, errors } = answer.json();
  assert.equal(code, "MAILBOX_NOT_ALLOWED");
  assert.deepEqual(errors, [
    { pointer: "/mailbox", code: "mailboxNotAllowed", detail: `${CRM} may not make drafts in ${TEAM}` },
  ]);
  assert.ok(!answer.body.includes(MAILBOX), "another mailbox is named");
  assert.deepEqual((await api.ledger.list({ limit: 1 })).items, []);
  assert.deepEqual((await api.ledger.documents(IDEMPOTENCY_KEYS).list(1)).items, []);
  assert.equal(api.publisher.published.length, 0);
  assert.ok(!JSON.stringify(api.events).includes("@"));
});

test("MAILBOXES stays a fence around what the policy allows", async (t) => {
  const boss = "boss@elsewhere.example";
  const api = await anApiWithCallers(t, { callers: [{ caller: CRM, mailboxes: [boss, MAILBOX], role: "submit" }] });
  const answer = await post(api.app, "/v1/drafts", { ...REQUEST, mailbox: boss }, await api.as(CRM));
  assert.equal(answer.json().code, "MAILBOX_NOT_ALLOWED");
  assert.equal((await post(api.app, "/v1/drafts", REQUEST, await api.as(CRM))).statusCode, 202);
});

test("the default mailbox needs its place on the caller's list as well", async (t) => {
  const api = await anApiWithCallers(t, { callers: [{ caller: CRM, mailboxes: [TEAM], role: "submit" }] });
  assert.equal((await post(api.app, "/", REQUEST, await api.as(CRM))).json().code, "MAILBOX_NOT_ALLOWED");
});

test("the caller stands in the record and on the message", async (t) => {
  const api = await anApiWithCallers(t);
  const { id } = (await post(api.app, "/v1/drafts", REQUEST, await api.as(CRM))).json();
  assert.equal((await api.ledger.get(id))?.caller, CRM);
  assert.equal(api.publisher.published[0]?.attributes.caller, CRM);
});

test("what an operator does is refused to a caller in the role submit, before its body is read", async (t) => {
  const api = await anApiWithCallers(t);
  for (const [method, url] of OPERATING) {
    const answer = await call(api, CRM, method, url);
    assert.equal(answer.statusCode, 403, `${method} ${url}`);
    assert.equal(answer.json().code, "ROLE_NOT_ALLOWED", `${method} ${url}`);
  }
  assert.equal((await post(api.app, "/v1/replays", "{", await api.as(CRM))).json().code, "ROLE_NOT_ALLOWED");
  const own = await call(api, CRM, "GET", `/v1/drafts?groupBy=state&mailbox=${MAILBOX}`);
  assert.equal(own.json().code, "ROLE_NOT_ALLOWED", "its own mailbox does not make it count everybody's");
});

test("an operator does all of it, and drafts only where its own list allows", async (t) => {
  const api = await anApiWithCallers(t);
  for (const [method, url] of OPERATING) {
    const { statusCode } = await call(api, OPERATOR, method, url);
    assert.equal(statusCode, /\/x/.test(url) ? 404 : method === "POST" ? 202 : 200, `${method} ${url}`);
  }
  assert.equal((await post(api.app, "/v1/drafts", REQUEST, await api.as(OPERATOR))).json().code, "MAILBOX_NOT_ALLOWED");
  api.setCallers([{ caller: OPERATOR, mailboxes: ["@corp.example"], role: "operate" }]);
  assert.equal((await post(api.app, "/v1/drafts", REQUEST, await api.as(OPERATOR))).statusCode, 202);
});

test("another mailbox's draft is not to be told from one that does not exist", async (t) => {
  const api = await anApiWithCallers(t);
  await api.ledger.accept(aRecord(api.clock, { id: "theirs", mailbox: TEAM }));
  await api.ledger.accept(aRecord(api.clock, { id: "own" }));
  const read = async (id: string, caller = CRM) =>
    api.app.inject({ url: `/v1/drafts/${id}`, headers: { ...(await api.as(caller)), prefer: "wait=20" } });
  const normal = (answer: Awaited<ReturnType<typeof read>>) => {
    const { requestId, ...problem } = answer.json();
    const { "x-request-id": _, ratelimit: __, ...headers } = answer.headers;
    return { status: answer.statusCode, problem, headers: { ...headers, date: "" } };
  };
  const theirs = await read("theirs");
  assert.equal(theirs.statusCode, 404);
  assert.deepEqual(normal(theirs), normal(await read("nowhere")));
  assert.equal((await api.app.inject({ url: "/v1/drafts/own", headers: await api.as(CRM) })).statusCode, 200);
  assert.equal((await api.app.inject({ url: "/v1/drafts/theirs", headers: await api.as(OPERATOR) })).statusCode, 200);
});

test("a HEAD is admitted like its GET", async (t) => {
  const api = await anApiWithCallers(t);
  await api.ledger.accept(aRecord(api.clock, { id: "theirs", mailbox: TEAM }));
  const head = async (url: string, headers: object) =>
    (await api.app.inject({ method: "HEAD", url, headers: { ...headers } })).statusCode;
  for (const url of ["/v1/drafts/theirs", "/v1/drafts", "/v1/incidents"]) assert.equal(await head(url, {}), 401, url);
  assert.equal(await head("/v1/drafts/theirs", await api.as(CRM)), 404);
  assert.equal(await head("/v1/incidents", await api.as(CRM)), 403);
});

test("a list is of one of the caller's mailboxes", async (t) => {
  const api = await anApiWithCallers(t, {
    callers: [
      { caller: CRM, mailboxes: ["@team.example"], role: "submit" },
      { caller: OPERATOR, mailboxes: [], role: "operate" },
    ],
  });
  await api.ledger.accept(aRecord(api.clock, { id: "theirs" }));
  await api.ledger.accept(aRecord(api.clock, { id: "own", mailbox: TEAM }));
  const list = async (query: string, caller = CRM) =>
    (await api.app.inject({ url: `/v1/drafts${query}`, headers: await api.as(caller) })).json();
  const ids = ({ items }: { items: { id: string }[] }): string[] => items.map(({ id }) => id);
  assert.deepEqual(ids(await list(`?mailbox=${TEAM.toUpperCase()}`)), ["own"]);
  const refused = await list(`?mailbox=${MAILBOX}`);
  assert.equal(refused.code, "MAILBOX_NOT_ALLOWED");
  assert.equal(refused.errors[0].pointer, "/query/mailbox");
  assert.equal((await list("")).code, "ROLE_NOT_ALLOWED");
  assert.equal((await list("?mailbox=")).code, "HEADER_INVALID");
  assert.deepEqual(ids(await list("", OPERATOR)).toSorted(), ["own", "theirs"]);
});

test("an address goes before its @domain, and takes nothing over from it", async (t) => {
  const caller = "@demo.iam.gserviceaccount.com";
  const api = await anApiWithCallers(t, {
    callers: [
      { caller, mailboxes: ["@corp.example"], role: "operate" },
      { caller: CRM, mailboxes: [TEAM], role: "submit" },
    ],
  });
  const submit = async (email: string) => (await post(api.app, "/v1/drafts", REQUEST, await api.as(email))).statusCode;
  assert.equal(await submit("any@demo.iam.gserviceaccount.com"), 202);
  assert.equal(await submit(CRM), 403);
  assert.equal((await call(api, CRM, "GET", "/v1/incidents")).statusCode, 403);
  assert.equal(await submit("any@other-demo.iam.gserviceaccount.com"), 403);
});

test("the caller of a refused mailbox is in the event at level debug only", async (t) => {
  const lines: string[] = [];
  const log = createLogger("api", "debug", { write: (line) => void lines.push(line) });
  const { app, as } = await anApiWithCallers(t, { log });
  await post(app, "/v1/drafts", { ...REQUEST, mailbox: TEAM }, await as(CRM));
  const event = JSON.parse(lines.find((line) => line.includes("request.completed")) ?? "{}");
  assert.equal(event.caller, CRM);
  assert.equal(event.code, "MAILBOX_NOT_ALLOWED");
});
