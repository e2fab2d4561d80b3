import assert from "node:assert/strict";
import { test } from "node:test";
import { at, call, draftBody, gmailCall, openGoogle, ownToken, settableClock, userToken } from "./google-harness.ts";

const USER = "ada@example.com";

function refusal(json: unknown): readonly unknown[] {
  return [
    at(json, "error", "code"),
    at(json, "error", "status"),
    at(json, "error", "errors", 0, "reason"),
    at(json, "error", "details", 0, "reason"),
  ];
}

test("no token, an unknown one, one with another scope, one for another mailbox", async (t) => {
  const google = await openGoogle(t);
  const missing = await call(`${google.url}/gmail/v1/users/me/drafts`);
  assert.deepEqual(refusal(missing.json), [401, "UNAUTHENTICATED", "required", "CREDENTIALS_MISSING"]);
  const unknown = await gmailCall(google, "ya29.unknown", "GET", "/drafts");
  assert.deepEqual(refusal(unknown.json), [401, "UNAUTHENTICATED", "authError", undefined]);
  const cloud = await gmailCall(google, await ownToken(google), "GET", "/drafts");
  assert.deepEqual(refusal(cloud.json), [
    403,
    "PERMISSION_DENIED",
    "insufficientPermissions",
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
  ]);
  const other = await call(`${google.url}/gmail/v1/users/grace@example.com/drafts`, {
    headers: { authorization: `Bearer ${await userToken(google, USER)}` },
  });
  assert.deepEqual(refusal(other.json), [403, "PERMISSION_DENIED", "forbidden", undefined]);
  assert.equal(at(other.json, "error", "message"), "Delegation denied for grace@example.com");
});

test("recipients that Gmail does not take are refused when the draft is saved, and none at all is fine", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const bad: readonly (readonly [string, string])[] = [
    ["To", "human@f"],
    ["To", "not an address"],
    ["To", "ada@example.com, grace@"],
    ["To", "a@b@example.com"],
    ["Cc", "ada"],
    ["Bcc", "ada@.com"],
  ];
  for (const [name, value] of bad) {
    const reply = await gmailCall(google, token, "POST", "/drafts", draftBody({ [name]: value }));
    assert.deepEqual(refusal(reply.json).slice(0, 3), [400, "INVALID_ARGUMENT", "invalidArgument"], value);
    assert.equal(at(reply.json, "error", "message"), `Invalid ${name} header`);
  }
  const good = [
    {},
    { To: "" },
    { To: '"Lovelace, Ada" <ada@example.com>, grace@xn--exmple-cua.com' },
    { To: "undisclosed-recipients:;" },
    { To: "=?utf-8?Q?=C3=89milie=2C_nobody=40nowhere_?= <e@example.com>" },
    { To: "=?utf-8?Q?=C3=89milie?= <e.d+x@sub.example.co.uk>" },
  ];
  for (const headers of good) {
    const reply = await gmailCall(google, token, "POST", "/drafts", draftBody(headers));
    assert.equal(reply.status, 200, JSON.stringify(headers));
  }
  assert.equal(google.drafts(USER).length, good.length, "a refused draft is not saved");
});

test("a body that is no Draft says what is wrong with it", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const { raw } = draftBody().message;
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [{}, /^Missing draft message$/],
    [{ message: {} }, /^Missing draft message$/],
    [{ message: { raw: "" } }, /^Missing draft message$/],
    [{ message: { raw: "!!!!" } }, /^Invalid value at 'draft\.message\.raw' \(TYPE_BYTES\), Base64 decoding failed/],
    [
      { message: { raw, threadID: "1" } },
      /^Invalid JSON payload received\. Unknown name "threadID" at 'draft\.message'/,
    ],
    [{ raw }, /^Invalid JSON payload received\. Unknown name "raw" at 'draft'/],
    [{ message: { raw: 7 } }, /^Invalid value at 'draft\.message\.raw'/],
    [[], /^Invalid JSON payload received/],
  ];
  for (const [body, text] of cases) {
    const reply = await gmailCall(google, token, "POST", "/drafts", body);
    assert.equal(reply.status, 400, JSON.stringify(body));
    assert.match(String(at(reply.json, "error", "message")), text);
  }
  const broken = await call(`${google.url}/gmail/v1/users/me/drafts`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: "{",
  });
  assert.equal(broken.status, 400);
  // Both alphabets of base64 are good.
  const standard = Buffer.from(raw, "base64url").toString("base64");
  assert.equal((await gmailCall(google, token, "POST", "/drafts", { message: { raw: standard } })).status, 200);
});

test("an unknown draft is 404 for get, update and delete; an unknown parameter or format is 400", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  for (const [method, body] of [["GET"], ["PUT", draftBody()], ["DELETE"]] as const) {
    const reply = await gmailCall(google, token, method, "/drafts/r1", body);
    assert.deepEqual(refusal(reply.json), [404, "NOT_FOUND", "notFound", undefined], method);
  }
  await gmailCall(google, token, "POST", "/drafts", draftBody());
  const [draft] = google.drafts(USER);
  for (const query of ["format=everything", "metadataHeaders=Subject", "alt=media", "frmat=raw"]) {
    assert.equal((await gmailCall(google, token, "GET", `/drafts/${draft?.id}?${query}`)).status, 400, query);
  }
  for (const query of ["maxResults=ten", "maxResults=-1", "pageToken=xyz"]) {
    assert.equal((await gmailCall(google, token, "GET", `/drafts?${query}`)).status, 400, query);
  }
});

test("a JSON body well above 5 MB is too large, below it is not", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  const of = (megabytes: number) => draftBody({ To: USER }, "x".repeat(megabytes * 1_000_000));
  assert.equal((await gmailCall(google, token, "POST", "/drafts", of(4))).status, 200);
  const reply = await gmailCall(google, token, "POST", "/drafts", of(6));
  assert.equal(reply.status, 413);
  assert.match(reply.headers.get("content-type") ?? "", /^text\/html/, "no JSON: the front end refuses it");
});

test("mail off, API disabled", async (t) => {
  const google = await openGoogle(t);
  const token = await userToken(google, USER);
  google.admin.disableMail(USER);
  const off = await gmailCall(google, token, "POST", "/drafts", draftBody());
  assert.deepEqual(refusal(off.json), [400, "FAILED_PRECONDITION", "failedPrecondition", undefined]);
  assert.equal(at(off.json, "error", "message"), "Mail service not enabled");
  google.admin.restoreUser(USER);
  google.admin.setGmailApi(false);
  const disabled = await gmailCall(google, token, "POST", "/drafts", draftBody());
  assert.deepEqual(refusal(disabled.json).slice(0, 3), [403, "PERMISSION_DENIED", "accessNotConfigured"]);
  assert.equal(at(disabled.json, "error", "details", 1, "reason"), "SERVICE_DISABLED");
  google.admin.setGmailApi(true);
  assert.equal((await gmailCall(google, token, "POST", "/drafts", draftBody())).status, 200);
});

test("a user who used up the minute's units is refused in Gmail's words, others are not, and the next minute is free", async (t) => {
  const clock = settableClock();
  const google = await openGoogle(t, { clock, unitsPerMinute: 40 });
  const token = await userToken(google, USER);
  const startSeconds = Math.floor(clock.nowMs() / 1000);
  for (const [method, path, body] of [
    ["POST", "/drafts", draftBody()],
    ["GET", "/drafts"],
    ["GET", `/drafts/r1`],
  ] as const) {
    assert.notEqual((await gmailCall(google, token, method, path, body)).status, 403);
  }
  // 10 + 5 + 20 of 40 are spent: a list fits, another create does not.
  const refused = await gmailCall(google, token, "POST", "/drafts", draftBody());
  assert.deepEqual(refusal(refused.json), [403, "PERMISSION_DENIED", "rateLimitExceeded", "RATE_LIMIT_EXCEEDED"]);
  const metadata = Object(at(refused.json, "error", "details", 0, "metadata"));
  assert.equal(metadata.quota_limit, "totalQueryCostPerMinutePerUser");
  assert.equal(metadata.quota_limit_value, "40");
  assert.equal(metadata.quota_unit, "1/min/{project}/{user}");
  assert.ok(Number(metadata.window_start_time) >= startSeconds);
  assert.equal(refused.headers.get("retry-after"), null);
  assert.equal((await gmailCall(google, token, "GET", "/drafts")).status, 200, "a refusal costs nothing");

  const other = await userToken(google, "grace@example.com");
  assert.equal((await gmailCall(google, other, "POST", "/drafts", draftBody())).status, 200);
  clock.advance(60_000);
  assert.equal((await gmailCall(google, token, "POST", "/drafts", draftBody())).status, 200);
});

test("a quota that is cut holds at once, also within a window of another length", async (t) => {
  const clock = settableClock();
  // A twelfth of a minute, and of its units: 100.
  const google = await openGoogle(t, { clock, unitsPerMinute: 1_200, quotaWindowMs: 5_000 });
  const token = await userToken(google, USER);
  const create = () => gmailCall(google, token, "POST", "/drafts", draftBody());
  for (let made = 0; made < 5; made++) assert.equal((await create()).status, 200);
  google.admin.setQuota(120);
  const refused = await create();
  assert.equal(refused.status, 403);
  assert.equal(at(refused.json, "error", "details", 0, "metadata", "quota_limit_value"), "120");
  clock.advance(5_000);
  assert.deepEqual([(await create()).status, (await create()).status], [200, 403]);
  google.admin.setQuota(1_200);
  assert.equal((await create()).status, 200);
});
