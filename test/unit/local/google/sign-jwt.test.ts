import assert from "node:assert/strict";
import { test } from "node:test";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { at, call, claimsFor, openGoogle, ownToken, signJwt, userToken } from "./google-harness.ts";

test("signs the payload as it was given, with the account's own published key", async (t) => {
  const google = await openGoogle(t);
  const payload = `{ "sub":"ada@example.com",  "odd spacing": 1 }`;
  const reply = await signJwt(google, await ownToken(google), { payload });
  assert.equal(reply.status, 200);
  const jwt = String(at(reply.json, "signedJwt"));
  assert.equal(Buffer.from(jwt.split(".")[1] ?? "", "base64url").toString(), payload);
  const keys = await fetchKeys(`${google.url}/service_accounts/v1/jwk/${google.serviceAccount}`);
  const { protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(keys));
  assert.equal(protectedHeader.kid, at(reply.json, "keyId"));
  assert.equal(google.calls.count("signJwt", "ADA@example.com"), 1);
});

test("refuses a caller without a token, with an unknown one, or with too narrow scopes", async (t) => {
  const google = await openGoogle(t);
  const body = { payload: "{}" };
  const url = `${google.url}/v1/projects/-/serviceAccounts/${google.serviceAccount}:signJwt`;
  const nobody = await call(url, { method: "POST", body: JSON.stringify(body) });
  assert.deepEqual([nobody.status, at(nobody.json, "error", "status")], [401, "UNAUTHENTICATED"]);
  const stranger = await signJwt(google, "ya29.unknown", body);
  assert.deepEqual([stranger.status, at(stranger.json, "error", "status")], [401, "UNAUTHENTICATED"]);
  const user = await signJwt(google, await userToken(google, "ada@example.com"), body);
  assert.equal(user.status, 403);
  assert.equal(at(user.json, "error", "details", 0, "reason"), "ACCESS_TOKEN_SCOPE_INSUFFICIENT");
});

test("says the same of an account that may not be used and of one that does not exist", async (t) => {
  const google = await openGoogle(t);
  const token = await ownToken(google);
  const missing = await signJwt(google, token, { payload: "{}" }, "nobody@draftmill-local.iam.gserviceaccount.com");
  google.admin.denySigning(true);
  const denied = await signJwt(google, token, { payload: "{}" });
  assert.equal(denied.status, 403);
  assert.deepEqual(missing.json, denied.json);
  assert.deepEqual(denied.json, {
    error: {
      code: 403,
      message: "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist).",
      status: "PERMISSION_DENIED",
      details: [
        {
          "@type": "type.googleapis.com/google.rpc.ErrorInfo",
          reason: "IAM_PERMISSION_DENIED",
          domain: "iam.googleapis.com",
          metadata: { permission: "iam.serviceAccounts.signJwt" },
        },
      ],
    },
  });
  google.admin.denySigning(false);
  assert.equal((await signJwt(google, token, { payload: "{}" })).status, 200);
});

test("refuses a payload that is no claims set or lives longer than 12 hours", async (t) => {
  const google = await openGoogle(t);
  const token = await ownToken(google);
  const claims = claimsFor(google, "ada@example.com");
  const now = Number(claims.iat);
  const bad: readonly unknown[] = [
    {},
    { payload: { sub: "ada@example.com" } },
    { payload: "not JSON" },
    { payload: "[]" },
    { payload: JSON.stringify({ ...claims, exp: now + 12 * 3600 + 60 }) },
    { payload: JSON.stringify({ ...claims, exp: now - 60 }) },
    { payload: JSON.stringify({ ...claims, exp: "tomorrow" }) },
    { payload: "{}", subject: "ada@example.com" },
  ];
  for (const body of bad) {
    const reply = await signJwt(google, token, body);
    assert.deepEqual(
      [reply.status, at(reply.json, "error", "status")],
      [400, "INVALID_ARGUMENT"],
      JSON.stringify(body),
    );
  }
});

test("a disabled IAM Credentials API says so, and a project id in place of the wildcard is refused", async (t) => {
  const google = await openGoogle(t);
  const token = await ownToken(google);
  google.admin.setIamCredentialsApi(false);
  const disabled = await signJwt(google, token, { payload: "{}" });
  assert.deepEqual([disabled.status, at(disabled.json, "error", "details", 0, "reason")], [403, "SERVICE_DISABLED"]);
  google.admin.setIamCredentialsApi(true);
  const named = await call(
    `${google.url}/v1/projects/draftmill-local/serviceAccounts/${google.serviceAccount}:signJwt`,
    {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ payload: "{}" }),
    },
  );
  assert.equal(named.status, 400);
  const otherVerb = await call(`${google.url}/v1/projects/-/serviceAccounts/${google.serviceAccount}:signBlob`, {
    method: "POST",
  });
  assert.equal(otherVerb.status, 404);
});

async function fetchKeys(url: string): Promise<JSONWebKeySet> {
  const { json } = await call(url);
  assert.ok(isKeySet(json));
  return json;
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return Array.isArray(at(value, "keys"));
}
