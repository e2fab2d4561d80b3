import assert from "node:assert/strict";
import { test } from "node:test";
import { type ApiUnderTest, anApi, aRecord, MAILBOX } from "./api-under-test.ts";

/** Three failures of each state, of two mailboxes, and one request that is well. */
async function fill({ ledger, clock }: ApiUnderTest): Promise<void> {
  for (const [state, code] of [
    ["failed", "RECIPIENT_REJECTED"],
    ["parked", "GMAIL_OFF"],
    ["dead", "ATTEMPTS_EXHAUSTED"],
  ] as const) {
    for (let n = 0; n < 3; n++) {
      await clock.advance(1);
      const mailbox = n < 2 ? MAILBOX : "other@team.example";
      const failure = { state, problem: { code, detail: "why", retryable: false }, body: "{}" };
      await ledger.failUnclaimed(
        aRecord(clock, { id: `${state}-${n}`, mailbox, batch: n === 0 ? "b-1" : null }),
        failure,
      );
    }
  }
  await ledger.accept(aRecord(clock, { id: "well" }));
}

const idsOf = (page: { items: { id: string }[] }): string[] => page.items.map(({ id }) => id);

test("failures come state after state, the newest first, page by page, each once", async (t) => {
  const api = await anApi(t);
  await fill(api);
  const seen: string[] = [];
  let cursor = "";
  for (let pages = 0; pages < 9; pages++) {
    const page = (await api.app.inject(`/v1/failures?limit=2${cursor}`)).json();
    seen.push(...idsOf(page));
    if (page.nextCursor === null) break;
    cursor = `&cursor=${page.nextCursor}`;
  }
  const expected = ["failed", "parked", "dead"].flatMap((state) => [2, 1, 0].map((n) => `${state}-${n}`));
  assert.deepEqual(seen, expected);
});

test("failures are filtered by state, mailbox, code and batch", async (t) => {
  const { app, ...api } = await anApi(t);
  await fill({ app, ...api });
  const ids = async (query: string): Promise<string[]> => idsOf((await app.inject(`/v1/failures?${query}`)).json());
  assert.deepEqual(await ids("state=parked"), ["parked-2", "parked-1", "parked-0"]);
  assert.deepEqual(await ids("mailbox=OTHER@team.example"), ["failed-2", "parked-2", "dead-2"]);
  assert.deepEqual(await ids("code=GMAIL_OFF&batch=b-1"), ["parked-0"]);
});

test("failures are counted by code and mailbox, with what to do", async (t) => {
  const { app, ...api } = await anApi(t);
  await fill({ app, ...api });
  const { groups, truncated } = (await app.inject("/v1/failures?groupBy=code,mailbox")).json();
  assert.equal(truncated, false);
  assert.equal(groups.length, 6);
  assert.deepEqual(
    groups.slice(0, 3).map(({ count }: { count: number }) => count),
    [2, 2, 2],
  );
  const off = groups.find(({ code, mailbox }: Record<string, string>) => code === "GMAIL_OFF" && mailbox === MAILBOX);
  assert.deepEqual([off.count, off.byState], [2, { parked: 2 }]);
  assert.match(off.remedy, /Admin console/);
  const byMailbox = (await app.inject("/v1/failures?groupBy=mailbox&state=dead")).json().groups;
  assert.deepEqual(byMailbox, [
    { mailbox: MAILBOX, count: 2, byState: { dead: 2 } },
    { mailbox: "other@team.example", count: 1, byState: { dead: 1 } },
  ]);
});

for (const [query, pointer] of [
  ["groupBy=code&batch=b", "/query/batch"],
  ["groupBy=colour", "/query/groupBy"],
  ["state=queued", "/query/state"],
  ["cursor=made-up", "/query/cursor"],
  ["cursor=failed.made-up", "/query/cursor"],
] as const) {
  test(`a query of ${query} is refused by name`, async (t) => {
    const { app } = await anApi(t);
    const answer = await app.inject(`/v1/failures?${query}`);
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().errors[0].pointer, pointer);
  });
}
