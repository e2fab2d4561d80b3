import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBuckets } from "@draftmill/api/callers/token-bucket.ts";
import { MAILBOX, post, REQUEST } from "./api-under-test.ts";
import { type ApiWithCallers, anApiWithCallers, CRM } from "./callers-under-test.ts";

const entry = (limits: object, caller = CRM) => ({ caller, mailboxes: [MAILBOX], role: "submit", ...limits });

async function calls(api: ApiWithCallers, count: number, email = CRM) {
  const headers = await api.as(email);
  return Promise.all(Array.from({ length: count }, () => api.app.inject({ url: "/v1/drafts/none", headers })));
}

async function passed(api: ApiWithCallers, count: number, email = CRM): Promise<number> {
  return (await calls(api, count, email)).filter(({ statusCode }) => statusCode !== 429).length;
}

test("of 1,000 calls at once as many pass as the bucket holds, and then as many as have come in", async (t) => {
  const api = await anApiWithCallers(t, { callers: [entry({ requestsPerSecond: 10, burst: 25 })] });
  assert.equal(await passed(api, 1_000), 25);
  await api.clock.advance(300);
  assert.equal(await passed(api, 1_000), 3);
  await api.clock.advance(60_000);
  assert.equal(await passed(api, 1_000), 25, "a bucket never holds more than its burst");
});

test("the answers tell the limit, what is left and when to come back", async (t) => {
  const api = await anApiWithCallers(t, { callers: [entry({ requestsPerSecond: 2, burst: 4 })] });
  const answers = [];
  for (let call = 0; call < 5; call++) answers.push(...(await calls(api, 1)));
  assert.deepEqual(
    answers.map(({ headers }) => headers.ratelimit),
    [3, 2, 1]
      .map((left) => `"requests";r=${left};t=${Math.ceil((4 - left) / 2)}`)
      .concat(Array(2).fill('"requests";r=0;t=1')),
  );
  assert.ok(answers.every(({ headers }) => headers["ratelimit-policy"] === '"requests";q=4;w=2'));
  const refused = answers.at(-1);
  assert.equal(refused?.statusCode, 429);
  assert.equal(refused?.json().code, "REQUESTS_PER_SECOND_EXCEEDED");
  assert.equal(refused?.json().retryable, true);
  assert.equal(refused?.headers["retry-after"], "1");
  await api.clock.advance(1_000);
  assert.equal(await passed(api, 1), 1, "Retry-After was too short");
});

test("a refused call does nothing, and its body is not read", async (t) => {
  const api = await anApiWithCallers(t, { callers: [entry({ requestsPerSecond: 0.1 })] });
  await calls(api, 1);
  const answer = await post(api.app, "/v1/drafts", "{", await api.as(CRM));
  assert.equal(answer.statusCode, 429);
  assert.equal(answer.headers["retry-after"], "10");
  assert.equal(answer.headers["ratelimit-policy"], '"requests";q=1;w=10');
  assert.equal(answer.headers.ratelimit, '"requests";r=0;t=10');
  await post(api.app, "/v1/drafts", REQUEST, await api.as(CRM));
  assert.deepEqual((await api.ledger.list({ limit: 1 })).items, []);
});

test("each address of an @domain has a bucket of its own", async (t) => {
  const domain = "@demo.iam.gserviceaccount.com";
  const api = await anApiWithCallers(t, { callers: [entry({ requestsPerSecond: 3 }, domain)] });
  assert.deepEqual(await Promise.all(["a", "b"].map((name) => passed(api, 10, `${name}${domain}`))), [3, 3]);
});

test("another limit goes for what the bucket holds already", async (t) => {
  const api = await anApiWithCallers(t, { callers: [entry({ requestsPerSecond: 100 })] });
  assert.equal(await passed(api, 20), 20);
  api.setCallers([entry({ requestsPerSecond: 5 })]);
  assert.equal(await passed(api, 20), 5);
  api.setCallers([entry({ requestsPerSecond: 100 })]);
  assert.equal(await passed(api, 20), 0, "a raise fills no bucket at once");
  await api.clock.advance(100);
  assert.ok((await passed(api, 20)) <= 10);
});

test("whoever is not known leaves no bucket and learns no limit", async (t) => {
  const api = await anApiWithCallers(t);
  const answer = await api.app.inject({ url: "/v1/drafts/x", headers: await api.as("eve@example.com") });
  assert.equal(answer.headers["ratelimit-policy"], undefined);
  const open = await api.app.inject("/health/live");
  assert.equal(open.headers.ratelimit, undefined);
});

test("buckets that are full again are let go", () => {
  const buckets = new TokenBuckets();
  const size = { burst: 1, requestsPerSecond: 1 };
  for (let caller = 0; caller < 100_000; caller++) buckets.take(`caller-${caller}`, size, caller);
  assert.ok(buckets.count <= 2_001, `${buckets.count} buckets`);
  assert.equal(buckets.take("caller-99999", size, 99_999).taken, false, "one that is not full was let go");
});
