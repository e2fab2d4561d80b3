import assert from "node:assert/strict";
import { test } from "node:test";
import type { Fault } from "@draftmill/local/google/faults.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import {
  assertion,
  at,
  call,
  claimsFor,
  draftBody,
  exchange,
  gmailCall,
  openGoogle,
  ownToken,
  signJwt,
  userToken,
} from "./google-harness.ts";

const USER = "ada@example.com";

test("a fault strikes as often as scripted, for its mailbox alone, then all is well", async (t) => {
  const google = await openGoogle(t);
  const [ada, grace] = [await userToken(google, USER), await userToken(google, "grace@example.com")];
  google.faults.next("drafts.create", 2, { kind: "answer", error: "unavailable" }, "Ada@example.com");
  assert.equal((await gmailCall(google, grace, "POST", "/drafts", draftBody())).status, 200);
  for (const expected of [503, 503, 200]) {
    assert.equal((await gmailCall(google, ada, "POST", "/drafts", draftBody())).status, expected);
  }
  assert.deepEqual(google.faults.pending(), []);
  assert.equal(google.drafts(USER).length, 1, "the two refused ones were not saved");
  const statuses = google.calls
    .list()
    .flatMap(({ operation, mailbox, status }) => (operation === "drafts.create" && mailbox === USER ? [status] : []));
  assert.deepEqual(statuses, [503, 503, 200]);
});

test("an answer can be lost or false after the draft was saved", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  google.faults.next("drafts.create", 1, { kind: "answer", error: "backendError", after: true });
  google.faults.next("drafts.create", 1, { kind: "drop", after: true });
  google.faults.next("drafts.create", 1, { kind: "drop" });
  assert.equal((await gmailCall(google, token, "POST", "/drafts", draftBody())).status, 500);
  assert.equal(google.drafts(USER).length, 1);
  await assert.rejects(gmailCall(google, token, "POST", "/drafts", draftBody()), TypeError);
  assert.equal(google.drafts(USER).length, 2);
  await assert.rejects(gmailCall(google, token, "POST", "/drafts", draftBody()), TypeError);
  assert.equal(google.drafts(USER).length, 2, "dropped before saving");
  assert.deepEqual(
    google.calls
      .list()
      .slice(-3)
      .map(({ status }) => status),
    [500, 0, 0],
  );
});

test("a stalled write happens although its caller has gone", async (t) => {
  const stall = Promise.withResolvers<void>();
  const google = await openGoogle(t, { clock: { ...systemClock, sleep: () => stall.promise } });
  const token = await userToken(google, USER);
  google.faults.next("drafts.create", 1, { kind: "stall", ms: 60_000 });
  const hangUp = new AbortController();
  const create = fetch(`${google.url}/gmail/v1/users/me/drafts`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(draftBody()),
    signal: hangUp.signal,
  });
  const hungUp = assert.rejects(create, { name: "AbortError" });
  while (google.faults.pending().length > 0) await call(`${google.url}/oauth2/v3/certs`);
  hangUp.abort();
  await hungUp;
  assert.equal(google.drafts(USER).length, 0);
  stall.resolve();
  while (google.calls.count("drafts.create") === 0) await call(`${google.url}/oauth2/v3/certs`);
  assert.equal(google.drafts(USER).length, 1);
});

test("each refusal of the table arrives as Google words it", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const faults: readonly (readonly [Fault & { kind: "answer" }, number, RegExp])[] = [
    [{ kind: "answer", error: "tooManyConcurrent" }, 429, /"message": "Too many concurrent requests for user\."/],
    [
      { kind: "answer", error: "retryAfter", retryAfterMs: 60_000 },
      429,
      /User-rate limit exceeded\. {2}Retry after \d{4}-[\d-]+T[\d:.]+Z"/,
    ],
    [{ kind: "answer", error: "quotaExceeded" }, 403, /"reason": "RATE_LIMIT_EXCEEDED"/],
    [{ kind: "answer", error: "userRateLimitExceeded" }, 403, /"reason": "userRateLimitExceeded"/],
    [{ kind: "answer", error: "dailyLimitExceeded" }, 403, /"reason": "dailyLimitExceeded"/],
    [{ kind: "answer", error: "domainPolicy" }, 403, /"reason": "domainPolicy"/],
    [{ kind: "answer", error: "gmailApiDisabled" }, 403, /"reason": "SERVICE_DISABLED"/],
    [{ kind: "answer", error: "mailServiceNotEnabled" }, 400, /"message": "Mail service not enabled"/],
    [{ kind: "answer", error: "resourceExhausted" }, 429, /"message": "Resource has been exhausted/],
    [{ kind: "answer", error: "backendError" }, 500, /"reason": "backendError"/],
    [{ kind: "answer", error: "badGateway" }, 502, /^<!DOCTYPE html>/],
    [{ kind: "answer", error: "gatewayTimeout" }, 504, /"status": "DEADLINE_EXCEEDED"/],
  ];
  for (const [fault, status, text] of faults) {
    google.faults.next("drafts.create", 1, fault);
    const reply = await gmailCall(google, token, "POST", "/drafts", draftBody());
    assert.equal(reply.status, status, fault.error);
    assert.match(reply.text, text, fault.error);
  }
});

test("signJwt and the token endpoint fail on demand, too", async (t) => {
  const google = await openGoogle(t);
  const jwt = await assertion(google, claimsFor(google, USER));
  google.faults.next("signJwt", 1, { kind: "answer", error: "signJwtDenied" });
  assert.equal((await signJwt(google, await ownToken(google), { payload: "{}" })).status, 403);
  google.faults.next("token", 1, { kind: "answer", error: "internalFailure" }, USER);
  assert.deepEqual((await exchange(google, jwt)).json, {
    error: "internal_failure",
    error_description: "Backend Error",
  });
  google.faults.next("token", 1, { kind: "answer", error: "unauthorizedClient" });
  assert.equal(at((await exchange(google, jwt)).json, "error"), "unauthorized_client");
  assert.equal((await exchange(google, jwt)).status, 200);
  assert.equal(google.calls.count("token", USER), 3);
});

test("a person scripts, lists and clears faults over HTTP", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const path = `${google.url}/_sandbox/faults`;
  const post = (body: unknown) =>
    call(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const scripted = {
    operation: "drafts.create",
    times: 3,
    fault: { kind: "answer", error: "unavailable", after: true },
  };
  const reply = await post(scripted);
  assert.deepEqual([reply.status, at(reply.json, "pending")], [201, [scripted]]);
  assert.equal((await gmailCall(google, token, "POST", "/drafts", draftBody())).status, 503);
  assert.equal(google.drafts(USER).length, 1);
  const listed = await call(path);
  assert.deepEqual(at(listed.json, "pending"), [{ ...scripted, times: 2 }]);
  assert.ok(JSON.stringify(at(listed.json, "errors")).includes("tooManyConcurrent"), "it says what there is");
  assert.equal((await call(path, { method: "DELETE" })).status, 204);
  assert.equal((await gmailCall(google, token, "POST", "/drafts", draftBody())).status, 200);

  assert.equal((await post({ operation: "drafts.list", fault: { kind: "drop" } })).status, 201, "once, unless said");
  for (const wrong of [
    {},
    { operation: "drafts.send", fault: { kind: "drop" } },
    { operation: "drafts.list", fault: { kind: "answer", error: "none such" } },
    { operation: "drafts.list", fault: { kind: "answer" } },
    { operation: "drafts.list", fault: { kind: "stall" } },
    { operation: "drafts.list", fault: { kind: "drop", ms: 5 } },
    { operation: "drafts.list", times: 0, fault: { kind: "drop" } },
    { operation: "drafts.list", tmies: 2, fault: { kind: "drop" } },
  ]) {
    assert.equal((await post(wrong)).status, 400, JSON.stringify(wrong));
  }
  const form = await call(path, {
    method: "POST",
    headers: { "content-type": "text/plain" },
    body: JSON.stringify(scripted),
  });
  assert.equal(form.status, 400, "what a foreign page could post without asking is not taken");
  assert.equal(google.faults.pending().length, 1);

  const calls = await call(`${google.url}/_sandbox/calls?operation=drafts.create&mailbox=${USER}`);
  assert.equal(at(calls.json, "count"), 2);
  assert.equal(at(calls.json, "newest", 0, "status"), 200);
  assert.deepEqual(google.violations, []);
});
