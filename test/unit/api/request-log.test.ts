import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "@draftmill/shared/log.ts";
import { type ApiUnderTest, anApi, MAILBOX, post, REQUEST } from "./api-under-test.ts";
import { anApiWithCallers, CRM } from "./callers-under-test.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";

function completed({ events }: ApiUnderTest): Record<string, unknown>[] {
  return events.filter(({ message }) => message === "request.completed");
}

test("a request writes one event with its route, status, duration, size and draft", async (t) => {
  const api = await anApi(t);
  const { id } = (await post(api.app, "/v1/drafts", REQUEST)).json();
  const [event, ...more] = completed(api);
  assert.deepEqual(more, []);
  const { method, route, status, durationMs, requestBytes, replayed, severity } = event ?? {};
  assert.deepEqual(
    { method, route, status, durationMs, requestBytes, replayed, severity, id: event?.id },
    {
      method: "POST",
      route: "/v1/drafts",
      status: 202,
      durationMs: 0,
      requestBytes: JSON.stringify(REQUEST).length,
      replayed: false,
      severity: "INFO",
      id,
    },
  );
});

test("a refused request's event holds the code of the answer", async (t) => {
  const api = await anApi(t);
  await post(api.app, "/v1/drafts", { ...REQUEST, mailbox: "boss@corp.example" });
  await api.app.inject("/%zz");
  assert.deepEqual(
    completed(api).map(({ code }) => code),
    ["MAILBOX_NOT_ALLOWED", "ROUTE_NOT_FOUND"],
  );
});

test("with a trace the request's id is the trace's, and Cloud Logging can link it", async (t) => {
  const api = await anApi(t);
  await api.app.inject({ url: "/", headers: { traceparent: `00-${TRACE}-b7ad6b7169203331-01` } });
  await api.app.inject({ url: "/", headers: { "x-cloud-trace-context": `${TRACE}/123;o=1` } });
  await api.app.inject({ url: "/", headers: { traceparent: "nonsense" } });
  const events = completed(api);
  assert.deepEqual(
    events.map(({ requestId }) => requestId === TRACE),
    [true, true, false],
  );
  assert.equal(events[0]?.["logging.googleapis.com/trace"], `projects/demo/traces/${TRACE}`);
});

test("no address, text or query of a caller is in the log, whatever comes of the request", async (t) => {
  const api = await anApi(t);
  const secrets = ["marker-subject", "marker-text", "marker@example.com", "marker-name", "marker-key", MAILBOX];
  const body = { to: "marker-name <marker@example.com>", subject: "marker-subject", message: "marker-text" };
  await post(api.app, "/v1/drafts", body, { "idempotency-key": "marker-key" });
  await post(api.app, "/v1/drafts", { ...body, subject: "marker-subject\n" });
  await post(api.app, "/v1/drafts", { ...body, mailbox: "marker@example.com" });
  await post(api.app, "/v1/drafts", `{"subject":"marker-subject"`);
  api.publisher.set("fail");
  await post(api.app, "/v1/drafts", body);
  await api.app.inject("/v1/drafts?mailbox=marker@example.com&state=marker-text");
  await api.app.inject("/v1/drafts/marker@example.com");
  await api.app.inject("/marker-text");
  await api.ledger.close();
  await post(api.app, "/v1/drafts", body);
  const log = JSON.stringify(api.events);
  assert.equal(completed(api).length, 9);
  for (const secret of secrets) assert.ok(!log.includes(secret), `${secret} is in the log`);
});

test("the caller is in the event at level debug only", async (t) => {
  const quiet = await anApiWithCallers(t);
  assert.equal((await post(quiet.app, "/v1/drafts", REQUEST, await quiet.as(CRM))).statusCode, 202);
  assert.ok(!JSON.stringify(quiet.events).includes(CRM));

  const lines: string[] = [];
  const log = createLogger("api", "debug", { write: (line) => void lines.push(line) });
  const detailed = await anApiWithCallers(t, { log });
  await post(detailed.app, "/v1/drafts", REQUEST, await detailed.as(CRM));
  assert.ok(lines.join("").includes(`"caller":"${CRM}"`));
});

test("health probes that succeed are quiet", async (t) => {
  const api = await anApi(t);
  await api.app.inject("/health/live");
  await api.app.inject("/health/ready");
  assert.deepEqual(completed(api), []);
});
