import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createLocalJWKSet, jwtVerify } from "jose";
import { call, openGoogle, ownToken, settableClock, signer, signJwt } from "./google-harness.ts";

const FLAVOR = { headers: { "Metadata-Flavor": "Google" } };

test("google-auth-library finds project, account and token by the environment alone", async (t) => {
  const google = await openGoogle(t, { projectId: "acme-drafts" });
  const script = fileURLToPath(new URL("./application-credentials.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    env: { PATH: process.env.PATH, ...google.environment() },
    timeout: 20_000,
  });
  const found: unknown = JSON.parse(stdout);
  assert.deepEqual(found, {
    kind: "Compute",
    projectId: "acme-drafts",
    email: "worker@acme-drafts.iam.gserviceaccount.com",
    signJwtStatus: 200,
    idTokenAudience: "https://draftmill.example.test",
  });
});

test("a request without the Metadata-Flavor header is refused, and the header comes back with every answer", async (t) => {
  const google = await openGoogle(t);
  const path = `${google.url}/computeMetadata/v1/project/project-id`;
  const refused = await call(path);
  assert.equal(refused.status, 403);
  const answered = await call(path, FLAVOR);
  assert.equal(answered.text, "draftmill-local");
  assert.equal(answered.headers.get("metadata-flavor"), "Google");
  for (const path of ["constructor", "instance/service-accounts/default/toString"]) {
    assert.equal((await call(`${google.url}/computeMetadata/v1/${path}`, FLAVOR)).status, 404, path);
  }
  const unknown = await call(`${google.url}/computeMetadata/v1/instance/attributes/cluster-name`, FLAVOR);
  assert.equal(unknown.status, 404);
  assert.equal(unknown.headers.get("metadata-flavor"), "Google");
  const root = await call(google.url, FLAVOR);
  assert.equal(root.headers.get("metadata-flavor"), "Google");
});

test("one access token is handed out until it is nearly used up, and ends when it says", async (t) => {
  const clock = settableClock();
  const google = await openGoogle(t, { clock });
  const first = await ownToken(google);
  clock.advance(3_200_000);
  assert.equal(await ownToken(google), first, "after 53 minutes it is still the same");
  clock.advance(200_000);
  const second = await ownToken(google);
  assert.notEqual(second, first, "with less than five minutes left there is a new one");
  clock.advance(200_000);
  assert.equal((await signJwt(google, first, { payload: "{}" })).status, 401);
  assert.equal((await signJwt(google, second, { payload: "{}" })).status, 200);
});

test("an identity token verifies against the certs endpoint, with e-mail only when asked for in full", async (t) => {
  const google = await openGoogle(t);
  const identity = `${google.url}/computeMetadata/v1/instance/service-accounts/default/identity`;
  const keys = createLocalJWKSet(signer.jwks());
  const full = await call(`${identity}?audience=https://x.example.test&format=full`, FLAVOR);
  const { payload } = await jwtVerify(full.text, keys, {
    issuer: "https://accounts.google.com",
    audience: "https://x.example.test",
  });
  assert.equal(payload.email, google.serviceAccount);
  const short = await call(`${identity}?audience=https://x.example.test`, FLAVOR);
  assert.equal((await jwtVerify(short.text, keys)).payload.email, undefined);
  assert.equal((await call(identity, FLAVOR)).status, 400, "no audience");
});

test("the certs endpoint answers the signer's public keys and how long they may be kept", async (t) => {
  const google = await openGoogle(t);
  const certs = await call(google.environment().GOOGLE_CERTS_ENDPOINT ?? "");
  assert.deepEqual(certs.json, JSON.parse(JSON.stringify(signer.jwks())));
  assert.match(certs.headers.get("cache-control") ?? "", /max-age=\d+/);
});
