import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { Readable } from "node:stream";
import { type TestContext, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { csvRows } from "@draftmill/api/imports/csv-rows.ts";
import { BATCHES, newBatch } from "@draftmill/shared/batch/batch.ts";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import { type ApiUnderTest, anApi, aRecord } from "./api-under-test.ts";
import { anApiWithCallers, CRM } from "./callers-under-test.ts";

const BATCH = "b-1";
const URL_OF_RESULTS = `/v1/batches/${BATCH}/results`;

/** A batch with these records, the last of them the newest. */
async function aBatch(
  { ledger, clock }: Pick<ApiUnderTest, "ledger" | "clock">,
  records: readonly (Partial<DraftRecord> & { readonly id: string })[],
  caller: string | null = null,
): Promise<void> {
  const what = { id: BATCH, name: null, caller, source: "items", total: records.length, rejected: 0, mailboxes: {} };
  await ledger.documents(BATCHES).create(newBatch({ ...what, source: "items" }, clock.nowMs()));
  await Promise.all(records.map((record) => ledger.accept(aRecord(clock, { batch: BATCH, ...record }))));
}

async function served({ app }: ApiUnderTest): Promise<string> {
  return app.listen({ port: 0, host: "127.0.0.1" });
}

const FORMULAS = ['=HYPERLINK("http://x.example")', "+1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "＝1"];

test("the file has the columns that are documented, one line for each request, and no cell that is a formula", async (t) => {
  const api = await anApi(t);
  const subjects = [...FORMULAS, 'a "word", and; more', "Réunion à 10 h", "-5", "+33612345678"];
  const problem = { code: "RECIPIENT_REJECTED", detail: "No,\r\nnever", remedy: "Ask.", retryable: false };
  await aBatch(api, [
    ...subjects.map((subject, n) => ({ id: `r-${n}`, subject })),
    { id: "failed", state: "failed", problem, to: ["a@example.com", "b@example.com"], metadata: { crm: "=1" } },
  ]);
  const answer = await api.app.inject(URL_OF_RESULTS);
  assert.equal(answer.headers["content-type"], "text/csv; charset=utf-8");
  assert.equal(answer.headers["content-disposition"], 'attachment; filename="results.csv"');
  assert.equal(answer.payload[0], "\ufeff");
  assert.ok(!/[^\r]\n(?!never)/.test(answer.payload));
  const rows: Readonly<Record<string, unknown>>[] = [];
  for await (const some of csvRows(Readable.from([answer.payload]))) rows.push(...some.map(({ values }) => values));
  assert.deepEqual(
    rows.slice(1).map(({ subject }) => subject),
    [...FORMULAS.map((subject) => `'${subject}`), ...subjects.slice(FORMULAS.length)].toReversed(),
  );
  assert.deepEqual(rows[0], {
    id: "failed",
    status: "failed",
    mailbox: "rep@corp.example",
    to: "a@example.com, b@example.com",
    subject: "Hello",
    draftId: "",
    messageId: "",
    threadId: "",
    code: "RECIPIENT_REJECTED",
    detail: "No,\r\nnever",
    remedy: "Ask.",
    note: "",
    attempts: "0",
    dedupeKey: "",
    metadata: '{"crm":"=1"}',
    createdAt: rows[0]?.createdAt,
    updatedAt: rows[0]?.updatedAt,
    notBefore: "",
  });
  const document = (await api.app.inject("/openapi.json")).json();
  const told = document.paths["/v1/batches/{id}/results"].get.responses[200].content["text/csv"].schema.description;
  assert.ok(told.includes(Object.keys(rows[0] ?? {}).join(", ")));
});

test("as JSON lines each request is what GET /v1/drafts/{id} says of it, of one state if need be", async (t) => {
  const api = await anApi(t);
  const states = ["created", "parked", "created", "queued"] as const;
  await aBatch(
    api,
    states.map((state, n) => ({ id: `r-${n}`, state })),
  );
  await api.ledger.accept(aRecord(api.clock, { id: "foreign", batch: "b-2" }));
  const lines = async (query: string): Promise<{ id: string }[]> => {
    const answer = await api.app.inject(`${URL_OF_RESULTS}?format=ndjson${query}`);
    assert.equal(answer.headers["content-type"], "application/x-ndjson");
    return answer.payload.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  };
  const all = await lines("");
  assert.deepEqual(
    all.map(({ id }) => id),
    ["r-3", "r-2", "r-1", "r-0"],
  );
  for (const line of all) assert.deepEqual(line, (await api.app.inject(`/v1/drafts/${line.id}`)).json());
  assert.deepEqual(
    (await lines("&state=created")).map(({ id }) => id),
    ["r-2", "r-0"],
  );
  assert.deepEqual(await lines("&state=dead"), []);
  assert.equal((await api.app.inject(`${URL_OF_RESULTS}?state=gone`)).statusCode, 400);
  assert.equal((await api.app.inject("/v1/batches/none/results")).json().code, "BATCH_NOT_FOUND");
});

for (const [accept, format] of [
  [undefined, "csv"],
  ["*/*", "csv"],
  ["text/html,application/xhtml+xml,*/*;q=0.8", "csv"],
  ["application/x-ndjson", "ndjson"],
  ["application/x-ndjson, text/csv;q=0.5", "ndjson"],
  ["application/x-ndjson;q=0.5, text/csv", "csv"],
  ["text/*;q=0.2, application/*", "ndjson"],
] as const) {
  test(`what accepts ${accept ?? "whatever there is"} gets ${format}`, async (t) => {
    const api = await anApi(t);
    await aBatch(api, [{ id: "r-0" }]);
    const headers = accept === undefined ? {} : { accept };
    const answer = await api.app.inject({ url: URL_OF_RESULTS, headers });
    assert.ok(String(answer.headers["content-type"]).includes(format));
    assert.equal(answer.headers.vary, "Accept");
  });
}

test("a request of a mailbox that the batch's caller may not read is not in it, whatever its message said", async (t) => {
  const api = await anApiWithCallers(t);
  await aBatch(api, [{ id: "own" }, { id: "planted", mailbox: "bo@team.example" }], CRM);
  const answer = await api.app.inject({ url: `${URL_OF_RESULTS}?format=ndjson`, headers: await api.as(CRM) });
  assert.deepEqual(
    answer.payload
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).id),
    ["own"],
  );
});

/** The answer to a reader who has read nothing of it yet, and how many pages the ledger was asked for. */
async function unread(t: TestContext, rows: number) {
  const api = await anApi(t);
  const metadata = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`label${n}`, "x".repeat(500)]));
  await aBatch(
    api,
    Array.from({ length: rows }, (_, n) => ({ id: `r-${n}`, metadata })),
  );
  let pages = 0;
  const list = api.ledger.list.bind(api.ledger);
  api.ledger.list = (query) => {
    pages += 1;
    return list(query);
  };
  const address = await served(api);
  const [answer] = await once(get(`${address}${URL_OF_RESULTS}?format=ndjson`), "response");
  return { api, answer, pages: () => pages };
}

/** Returns once no page has been asked for in many turns. */
async function stillness(pages: () => number): Promise<void> {
  for (let still = 0, before = 0; still < 300; still = pages() === before ? still + 1 : 0) {
    before = pages();
    await turn();
  }
}

test("no more is read from the ledger than its reader takes", async (t) => {
  const rows = 3_000;
  const { answer, pages } = await unread(t, rows);
  await stillness(pages);
  assert.ok(pages() < rows / 200, `${pages()} pages`);
  let text = "";
  for await (const piece of answer.setEncoding("utf8")) text += piece;
  assert.equal(text.trimEnd().split("\n").length, rows);
  // The first page is one of 25.
  assert.equal(pages(), 1 + Math.ceil((rows - 25) / 200));
});

test("pages are as small as bodies are large", async (t) => {
  const api = await anApi(t);
  const body = "x".repeat(100_000);
  await aBatch(
    api,
    Array.from({ length: 90 }, (_, n) => ({ id: `r-${n}`, state: "failed", body })),
  );
  const list = api.ledger.list.bind(api.ledger);
  const limits: number[] = [];
  api.ledger.list = (query) => {
    limits.push(query.limit);
    return list(query);
  };
  const answer = await api.app.inject(`${URL_OF_RESULTS}?format=ndjson`);
  assert.equal(answer.payload.trimEnd().split("\n").length, 90);
  assert.deepEqual(limits, [25, 10, 10, 10, 10, 10, 10, 10]);
});

test("other work has its turn between two pages, however fast ledger and reader are", async (t) => {
  const api = await anApi(t);
  await aBatch(
    api,
    Array.from({ length: 1_000 }, (_, n) => ({ id: `r-${n}` })),
  );
  let turns = 0;
  let isOver = false;
  const turning = (async () => {
    for (; !isOver; turns += 1) await turn();
  })();
  const list = api.ledger.list.bind(api.ledger);
  const at: number[] = [];
  api.ledger.list = (query) => {
    at.push(turns);
    return list(query);
  };
  await api.app.inject(URL_OF_RESULTS);
  isOver = true;
  await turning;
  assert.equal(new Set(at).size, 6);
});

test("an answer that the ledger fails in the middle of does not end as if it were whole", async (t) => {
  const { api, answer } = await unread(t, 3_000);
  api.ledger.list = async () => {
    throw new LedgerUnavailable("io", "the disk is away");
  };
  await assert.rejects(async () => {
    for await (const _piece of answer) {
      // Read to its end.
    }
  });
  assert.equal((await api.app.inject(URL_OF_RESULTS)).statusCode, 503);
});

test("nothing more is read for a reader who has gone", async (t) => {
  const { answer, pages } = await unread(t, 3_000);
  answer.destroy();
  await stillness(pages);
  const before = pages();
  assert.ok(before < 3_000 / 200, `${before} pages`);
});
