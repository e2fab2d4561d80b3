import assert from "node:assert/strict";
import { test } from "node:test";
import { openApiMetrics } from "@draftmill/api/api-metrics.ts";
import { LedgerUnavailable } from "@draftmill/shared/ledger/ledger.ts";
import type { FastifyInstance } from "fastify";
import { ManualClock } from "../../support/manual-clock.ts";
import { anApi, aRecord, post, REQUEST } from "./api-under-test.ts";

async function figuresOf(app: FastifyInstance): Promise<string> {
  const answer = await app.inject("/metrics");
  assert.equal(answer.statusCode, 200);
  assert.match(String(answer.headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  return answer.body;
}

async function queuedIn(app: FastifyInstance): Promise<string | undefined> {
  return /^draftmill_requests\{state="queued"\} (\d+)$/m.exec(await figuresOf(app))?.[1];
}

test("counts requests by route, status and code, and how long they took", async (t) => {
  const { app } = await anApi(t);
  await post(app, "/v1/drafts", { ...REQUEST, subject: 12 });
  await post(app, "/v1/drafts", { ...REQUEST, subject: 12 });
  await app.inject("/v1/drafts/somebody@example.com");
  await app.inject("/nowhere/somebody@example.com");
  const figures = await figuresOf(app);
  const count = (labels: string): RegExp => new RegExp(`^draftmill_http_requests_total\\{${labels}\\} (\\d+)$`, "m");
  assert.equal(count('method="POST",route="/v1/drafts",status="422",code="REQUEST_INVALID"').exec(figures)?.[1], "2");
  assert.match(figures, count('method="GET",route="/v1/drafts/:id",status="404",code="DRAFT_NOT_FOUND"'));
  assert.match(figures, count('method="GET",route="none",status="404",code="ROUTE_NOT_FOUND"'));
  assert.match(figures, /^draftmill_http_request_duration_seconds_count\{route="\/v1\/drafts"\} 2$/m);
  assert.match(figures, /^nodejs_eventloop_lag_p99_seconds /m);
  assert.doesNotMatch(figures, /somebody/);
});

test("counts the requests on record by state, once a minute at most", async (t) => {
  const { app, ledger, clock } = await anApi(t);
  assert.equal(await queuedIn(app), "0");
  await ledger.accept(aRecord(clock, { id: "one" }));
  assert.equal(await queuedIn(app), "0");
  await clock.advance(60_000);
  assert.equal(await queuedIn(app), "1");
});

test("a ledger that does not answer leaves its figures out, and the others in", async (t) => {
  let answers = false;
  const clock = new ManualClock();
  const metrics = openApiMetrics(
    {
      async countByState() {
        if (!answers) throw new LedgerUnavailable("busy", "asleep");
        return { queued: 3, processing: 0, created: 0, failed: 0, parked: 0, dead: 0, canceled: 0 };
      },
    },
    clock,
  );
  const { app } = await anApi(t, { clock, metrics });
  assert.equal(await queuedIn(app), undefined);
  answers = true;
  assert.equal(await queuedIn(app), "3");
});

test("for anybody but this machine there is no such route", async (t) => {
  const { app } = await anApi(t, { refusesPages: false });
  for (const call of [
    { remoteAddress: "192.0.2.7" },
    { headers: { "x-forwarded-for": "192.0.2.7" } },
    { headers: { host: "draftmill.example" } },
  ]) {
    const answer = await app.inject({ url: "/metrics", ...call });
    assert.equal(answer.statusCode, 404);
    assert.equal(answer.json().code, "ROUTE_NOT_FOUND");
  }
});
