import assert from "node:assert/strict";
import { test } from "node:test";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { type ApiUnderTest, anApi, aRecord, MAILBOX } from "../api-under-test.ts";
import { anApiWithCallers, CRM } from "../callers-under-test.ts";

const DAY_MS = 86_400_000;

async function dryRun({ app }: Pick<ApiUnderTest, "app">, file: string, query = "", headers = {}) {
  const url = `/v1/imports?dryRun=true&import=${encodeURIComponent('{"map":{"to":"Email"}}')}${query}`;
  const answer = await app.inject({
    method: "POST",
    url,
    headers: { "content-type": "text/csv", ...headers },
    payload: file,
  });
  assert.equal(answer.statusCode, 200, answer.body);
  return answer.json();
}

const fileTo = (recipients: readonly string[]): string =>
  `Email,subject,message\n${recipients.map((to, n) => `"${to}",S ${n},M\n`).join("")}`;

async function drafted(
  { ledger, clock }: Pick<ApiUnderTest, "ledger" | "clock">,
  id: string,
  changes: Partial<DraftRecord>,
): Promise<void> {
  await ledger.accept(aRecord(clock, { id, state: "created", ...changes }));
}

test("a dry run warns of recipients who have a draft, by row and column, and says of when and where", async (t) => {
  const api = await anApi(t);
  await drafted(api, "a", { to: ["ada@example.com"] });
  await drafted(api, "b", { to: ["bo@example.com"], state: "queued", mailbox: "bo@team.example" });
  await drafted(api, "c", { to: ["failed@example.com"], state: "failed" });
  await drafted(api, "d", { to: ["gone@example.com"], state: "canceled" });
  const file = fileTo([
    "new@example.com",
    "Ada <ADA@Example.com>",
    "failed@example.com, bo@example.com",
    "gone@example.com",
  ]);
  const report = await dryRun(api, file);
  assert.equal(report.recentlyDrafted, 2);
  assert.deepEqual(report.warnings, [
    {
      row: 2,
      column: "Email",
      code: "recentlyDrafted",
      detail: `ada@example.com has a draft of 2026-01-01 in ${MAILBOX}`,
    },
    {
      row: 3,
      column: "Email",
      code: "recentlyDrafted",
      detail: "bo@example.com has a draft of 2026-01-01 in bo@team.example",
    },
  ]);
});

test("of the last days that count, none if so many are none; an import itself asks nothing", async (t) => {
  const api = await anApi(t);
  await drafted(api, "a", { to: ["ada@example.com"] });
  await api.clock.advance(6 * DAY_MS);
  const file = fileTo(["ada@example.com"]);
  const found = async (query: string) => (await dryRun(api, file, query)).recentlyDrafted;
  assert.deepEqual(
    [await found("&recentDays=5"), await found("&recentDays=7"), await found("&recentDays=0"), await found("")],
    [0, 1, 0, 1],
  );
  const headers = { "content-type": "text/csv" };
  const url = "/v1/imports?dryRun=true&recentDays=31";
  assert.equal((await api.app.inject({ method: "POST", url, headers, payload: file })).statusCode, 400);
  api.ledger.recentTo = () => assert.fail("an import asked");
  const imported = await api.app.inject({
    method: "POST",
    url: "/v1/imports",
    headers,
    payload: "to,subject,message\na@example.com,S,M\n",
  });
  assert.deepEqual([imported.statusCode, imported.json().recentlyDrafted, imported.json().warnings], [202, null, []]);
});

test("nobody hears of drafts in mailboxes that are not theirs", async (t) => {
  const api = await anApiWithCallers(t);
  await drafted(api, "own", { to: ["ada@example.com"] });
  await drafted(api, "foreign", { to: ["bo@example.com"], mailbox: "bo@team.example" });
  const report = await dryRun(api, fileTo(["ada@example.com", "bo@example.com"]), "", await api.as(CRM));
  assert.deepEqual([report.recentlyDrafted, report.warnings.length], [1, 1]);
  assert.ok(!JSON.stringify(report).includes("team.example"));
});

test("what it asks of the ledger is the file's to say, a question for thirty recipients; a hundred warnings are told", async (t) => {
  const api = await anApi(t);
  const recipients = Array.from({ length: 900 }, (_, n) => `p${n}@example.com`);
  await Promise.all(recipients.map((to, n) => drafted(api, `r-${n}`, { to: [to] })));
  let asked = 0;
  const recentTo = api.ledger.recentTo.bind(api.ledger);
  api.ledger.recentTo = (...given) => {
    asked += 1;
    return recentTo(...given);
  };
  api.ledger.list = () => assert.fail("it went through the ledger");
  const report = await dryRun(api, fileTo([...recipients].reverse()));
  assert.equal(asked, 30);
  assert.equal(report.recentlyDrafted, 900);
  assert.deepEqual(
    report.warnings.map(({ row }: { row: number }) => row),
    Array.from({ length: 100 }, (_, n) => n + 1),
  );
});
