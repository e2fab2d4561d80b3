import assert from "node:assert/strict";
import { test } from "node:test";
import type { DraftRecord } from "@draftmill/shared/contract/draft-record.ts";
import { INCIDENTS, type Incident } from "@draftmill/shared/incident/incident.ts";
import type { DraftLedger } from "@draftmill/shared/ledger/draft-ledger.ts";
import type { ManualClock } from "../../support/manual-clock.ts";
import { type ApiUnderTest, anApi, aRecord, MAILBOX, post } from "./api-under-test.ts";

async function fail(
  { ledger, clock }: { ledger: DraftLedger; clock: ManualClock },
  id: string,
  changes: { code?: string; state?: "failed" | "parked" | "dead"; body?: string | null; mailbox?: string } = {},
): Promise<void> {
  const { code = "DELEGATION_MISSING", state = "parked", body = '{"to":"a@example.com"}', mailbox = MAILBOX } = changes;
  const problem = { code, detail: `why ${code}`, retryable: state !== "failed" };
  await ledger.failUnclaimed(aRecord(clock, { id, mailbox }), { state, problem, body });
}

/** Orders a replay and waits until it has ended. */
async function replay({ app, clock }: ApiUnderTest, order: object): Promise<Record<string, unknown>> {
  await clock.advance(1);
  const ordered = await post(app, "/v1/replays", order);
  assert.equal(ordered.statusCode, 202, ordered.body);
  const url = `/v1/replays/${ordered.json().id}`;
  assert.equal(ordered.headers.location, url);
  for (;;) {
    const now = (await app.inject(url)).json();
    if (now.status !== "running") return now;
    // Between two pages the replay pauses.
    await clock.advance(500);
    await new Promise((turn) => setImmediate(turn));
  }
}

const states = async (ledger: DraftLedger): Promise<Record<string, DraftRecord["state"]>> =>
  Object.fromEntries((await ledger.list({ limit: 100 })).items.map(({ id, state }) => [id, state]));

test("a replay takes up every failure that fits, says why it left the others, and publishes each with its generation", async (t) => {
  const api = await anApi(t);
  await fail(api, "parked");
  await fail(api, "dead", { state: "dead", code: "ATTEMPTS_EXHAUSTED" });
  await fail(api, "failed", { state: "failed", code: "RECIPIENT_REJECTED" });
  await fail(api, "invalid", { state: "failed", code: "REQUEST_INVALID" });
  await fail(api, "bodiless", { body: null });
  const done = await replay(api, { filter: {} });
  assert.equal(done.status, "done");
  assert.equal(done.requeued, 3);
  assert.deepEqual(done.skipped, { "cannot-succeed": 1, "no-body": 1 });
  assert.deepEqual(await states(api.ledger), {
    parked: "queued",
    dead: "queued",
    failed: "queued",
    invalid: "failed",
    bodiless: "parked",
  });
  assert.deepEqual(
    api.publisher.published.map(({ attributes, data }) => [attributes.id, attributes.generation, String(data)]).sort(),
    ["dead", "failed", "parked"].map((id) => [id, "1", JSON.stringify({ to: "a@example.com", mailbox: MAILBOX })]),
  );
  assert.equal((await api.ledger.get("parked"))?.note, null, "the queue has confirmed it");
});

test("filters must all fit", async (t) => {
  const api = await anApi(t);
  await fail(api, "a");
  await fail(api, "b", { code: "GMAIL_OFF" });
  await fail(api, "c", { mailbox: "other@team.example" });
  await fail(api, "d", { state: "dead" });
  const done = await replay(api, {
    filter: { state: "parked", code: "DELEGATION_MISSING", mailbox: MAILBOX.toUpperCase() },
  });
  assert.equal(done.requeued, 1);
  assert.equal((await api.ledger.get("a"))?.state, "queued");
});

test("a limit is kept, and what is beyond it counted", async (t) => {
  const api = await anApi(t);
  for (let n = 0; n < 12; n++) await fail(api, `r-${n}`);
  const done = await replay(api, { filter: {}, limit: 5 });
  assert.deepEqual([done.requeued, done.skipped], [5, { limit: 7 }]);
  assert.equal(api.publisher.published.length, 5);
});

test("a dry run tells the same figures and changes nothing", async (t) => {
  const api = await anApi(t);
  for (let n = 0; n < 4; n++) await fail(api, `r-${n}`);
  await fail(api, "invalid", { state: "failed", code: "REQUEST_INVALID" });
  const answer = await post(api.app, "/v1/replays", { filter: {}, limit: 3, dryRun: true });
  assert.equal(answer.statusCode, 200);
  assert.deepEqual(answer.json(), {
    matching: 5,
    requeueable: 3,
    skipped: { "cannot-succeed": 1, limit: 1 },
    byCode: { DELEGATION_MISSING: 4, REQUEST_INVALID: 1 },
    truncated: false,
  });
  assert.equal(api.publisher.published.length, 0);
  assert.deepEqual((await api.app.inject("/v1/replays")).json().items, []);
});

test("what a publish did not confirm stays to be published, and counts as taken up", async (t) => {
  const api = await anApi(t);
  await fail(api, "r-1");
  api.publisher.set("fail");
  assert.equal((await replay(api, { filter: {} })).requeued, 1);
  const record = await api.ledger.get("r-1");
  assert.deepEqual([record?.state, record?.note], ["queued", "publish-unconfirmed"]);
  assert.notEqual(record?.body, null);
});

test("two replays at once take each request up once", async (t) => {
  const api = await anApi(t);
  for (let n = 0; n < 40; n++) await fail(api, `r-${n}`);
  const both = await Promise.all([replay(api, { filter: {} }), replay(api, { filter: {} })]);
  assert.equal(Number(both[0].requeued) + Number(both[1].requeued), 40);
  assert.equal(api.publisher.published.length, 40);
});

test("a replay can be canceled once, and not after its end", async (t) => {
  const api = await anApi(t);
  const done = await replay(api, { filter: {} });
  const late = await post(api.app, `/v1/replays/${done.id}/cancel`, {});
  assert.deepEqual([late.statusCode, late.json().code], [409, "REPLAY_FINISHED"]);
  assert.equal((await post(api.app, "/v1/replays/none/cancel", {})).json().code, "REPLAY_NOT_FOUND");
  assert.equal((await api.app.inject("/v1/replays/none")).statusCode, 404);
});

test("an order that does not fit is refused with every fault", async (t) => {
  const { app } = await anApi(t);
  const answer = await post(app, "/v1/replays", { filter: { code: "NOPE", mailbx: "a" }, limit: 0, dryrun: true });
  assert.equal(answer.statusCode, 422);
  assert.equal(answer.json().code, "REPLAY_INVALID");
  const pointers = answer.json().errors.map(({ pointer }: { pointer: string }) => pointer);
  assert.deepEqual(pointers.sort(), ["/dryrun", "/filter/code", "/filter/mailbx", "/limit"]);
  assert.equal((await post(app, "/v1/replays", {})).json().errors[0].pointer, "/filter");
});

test("a replay closes the incidents that it is about", async (t) => {
  const api = await anApi(t);
  const incidents = api.ledger.documents(INCIDENTS);
  const open = (id: string, code: string): Incident => ({
    id,
    mailbox: MAILBOX,
    code,
    problem: { code, detail: "d", remedy: "r", retryable: true },
    state: "open",
    openedAtMs: api.clock.nowMs(),
    probeAtMs: api.clock.nowMs(),
    probes: 0,
    closedAtMs: null,
    closedBy: null,
  });
  await incidents.create(open("i-1", "DELEGATION_MISSING"));
  await incidents.create(open("i-2", "GMAIL_OFF"));
  await replay(api, { filter: { code: "GMAIL_OFF" } });
  const listed = (await api.app.inject("/v1/incidents")).json().items;
  assert.deepEqual(
    listed.map(({ id, status, closedBy }: Record<string, string>) => [id, status, closedBy]),
    [
      ["i-2", "closed", "replay"],
      ["i-1", "open", null],
    ],
  );
  assert.equal((await api.app.inject("/v1/incidents?status=open")).json().items.length, 1);
});
