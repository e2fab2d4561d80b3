import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { type TestContext, test } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { DraftError } from "@draftmill/shared/errors.ts";
import { createIdTokenVerifier } from "@draftmill/shared/google-id-token.ts";
import { IdTokenRefused } from "@draftmill/shared/id-token-claims.ts";
import { rememberVerified } from "@draftmill/shared/verified-tokens.ts";
import { startCerts } from "../../support/certs-server.ts";
import { ManualClock } from "../../support/manual-clock.ts";

const AUDIENCE = "https://worker.example/push";
const EMAIL = "push@demo.iam.gserviceaccount.com";

async function setUp(t: TestContext) {
  const clock = new ManualClock();
  const signer = await createIdTokenSigner();
  const { url, certs, stop } = await startCerts(t, signer);
  const verify = createIdTokenVerifier({ certsUrl: url, audiences: [AUDIENCE], clock });
  const nowSeconds = clock.nowMs() / 1_000;
  const claims = {
    iss: "https://accounts.google.com",
    aud: AUDIENCE,
    azp: "1234",
    sub: "1234",
    email: EMAIL,
    email_verified: true,
    iat: nowSeconds,
    exp: nowSeconds + 3_600,
  };
  return { clock, signer, certs, stop, verify, claims, nowSeconds };
}

function refused(reason: RegExp = /./) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof IdTokenRefused, String(error));
    assert.match(error.reason, reason);
    return true;
  };
}

function unavailable(error: unknown): boolean {
  return error instanceof DraftError && error.code === "CERTS_UNAVAILABLE";
}

test("accepts a token as Google signs it, under either spelling of the issuer, and names its address", async (t) => {
  const { signer, verify, claims, certs } = await setUp(t);
  const goodUntilMs = (claims.exp + 60) * 1_000;
  assert.deepEqual(await verify(await signer.sign(claims)), { email: EMAIL, hostedDomain: null, goodUntilMs });
  await verify(await signer.sign({ ...claims, iss: "accounts.google.com" }));
  assert.equal(certs.asked, 1, "the keys are cached");
});

test("refuses each claim that is wrong or absent, and says which", async (t) => {
  const { signer, verify, claims, nowSeconds } = await setUp(t);
  const cases: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ["issuer", { iss: "https://accounts.google.example" }, /"iss"/],
    ["no issuer", { iss: undefined }, /"iss"/],
    ["audience", { aud: `${AUDIENCE}/` }, /"aud"/],
    ["audience in another case", { aud: AUDIENCE.toUpperCase() }, /"aud"/],
    ["no audience", { aud: undefined }, /"aud"/],
    ["address not verified", { email_verified: false }, /verified address/],
    ["address verified by a text", { email_verified: "true" }, /verified address/],
    ["no address", { email: undefined }, /verified address/],
    ["expired", { iat: nowSeconds - 3_700, exp: nowSeconds - 61 }, /"exp"/],
    ["no expiry", { exp: undefined }, /"exp"/],
    ["expiry as a text", { exp: "soon" }, /"exp"/],
    ["no time of issue", { iat: undefined }, /"iat"/],
    ["issued in the future", { iat: nowSeconds + 61 }, /"iat"/],
    ["issued days ago", { iat: nowSeconds - 2 * 86_400 }, /"iat"/],
    ["not yet valid", { nbf: nowSeconds + 61 }, /"nbf"/],
  ];
  for (const [what, change, why] of cases) {
    await assert.rejects(verify(await signer.sign({ ...claims, ...change })), refused(why), what);
  }
});

test("bears with a minute of difference between the clocks, and reads the time anew for each token", async (t) => {
  const { clock, signer, verify, claims, nowSeconds } = await setUp(t);
  await verify(await signer.sign({ ...claims, iat: nowSeconds + 59 }));
  const token = await signer.sign(claims);
  await clock.advance((3_600 + 59) * 1_000);
  await verify(token);
  await clock.advance(2_000);
  await assert.rejects(verify(token), refused(/"exp"/));
});

test("refuses a signature that is not of Google's keys", async (t) => {
  const { signer, verify, claims, certs } = await setUp(t);
  const token = await signer.sign(claims);
  const [header = "", payload = "", signature = ""] = token.split(".");
  const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const kid = signer.keyId;
  const hmacHead = `${coded({ alg: "HS256", kid })}.${payload}`;
  const hmac = createHmac("sha256", certs.body).update(hmacHead).digest("base64url");
  const stranger = await createIdTokenSigner();
  const forged = {
    "no signature at all (alg none)": `${coded({ alg: "none", kid })}.${payload}.`,
    "the public key used as a secret (HS256)": `${hmacHead}.${hmac}`,
    "another algorithm of the same key": `${coded({ alg: "PS256", kid })}.${payload}.${signature}`,
    "claims changed after signing": `${header}.${coded({ ...claims, email: "eve@example.com" })}.${signature}`,
    "signature cut off": `${header}.${payload}.`,
    "signature of another key under this key's id": `${coded({ alg: "RS256", kid })}.${payload}.${(await stranger.sign(claims)).split(".")[2]}`,
    "key that Google does not have": await stranger.sign(claims),
    "key given by the token itself": `${coded({ alg: "RS256", jwk: stranger.jwks().keys[0] })}.${payload}.${signature.replace(/^./, "A")}`,
    "unknown critical header": `${coded({ alg: "RS256", kid, crit: ["x"], x: 1 })}.${payload}.${signature}`,
    "two parts": `${header}.${payload}`,
    "no JSON": "aGVsbG8.aGVsbG8.aGVsbG8",
    nothing: "",
  };
  for (const [what, text] of Object.entries(forged)) {
    await assert.rejects(verify(text), refused(), what);
  }
});

test("a token is verified once, its time is looked at on every use", async (t) => {
  const { clock, signer, verify, claims, stop } = await setUp(t);
  t.mock.timers.enable({ apis: ["Date"], now: claims.iat * 1_000 });
  const signatures = t.mock.method(crypto.subtle, "verify").mock;
  const token = await signer.sign(claims);
  await Promise.all([verify(token), verify(token), verify(token)]);
  stop();
  // Past the time for which the keys are kept.
  t.mock.timers.tick(11 * 60_000);
  await clock.advance((3_600 + 59) * 1_000);
  assert.equal((await verify(token)).email, EMAIL);
  assert.equal(signatures.callCount(), 1);
  await assert.rejects(verify(await signer.sign({ ...claims, exp: claims.exp + 3_600 })), unavailable);
  await clock.advance(1_000);
  await assert.rejects(verify(token), unavailable, "an expired token is no longer known");
});

test("a token without end is looked at again after a day", async (t) => {
  const { clock, signer, verify, claims, nowSeconds } = await setUp(t);
  const token = await signer.sign({ ...claims, exp: nowSeconds + 10 * 86_400 });
  await verify(token);
  await clock.advance((86_400 + 62) * 1_000);
  await assert.rejects(verify(token), refused(/"iat"/));
});

test("what was refused is not remembered, and makes no room scarce", async (t) => {
  const { signer, verify, claims } = await setUp(t);
  const signatures = t.mock.method(crypto.subtle, "verify").mock;
  const other = await signer.sign({ ...claims, aud: "https://elsewhere.example" });
  for (const _ of [1, 2]) await assert.rejects(verify(other), refused(/"aud"/));
  assert.equal(signatures.callCount(), 2);
});

test("with more tokens than are kept, those go that were unused for longest", async () => {
  const clock = new ManualClock();
  const asked: string[] = [];
  const claims = { email: EMAIL, hostedDomain: null, goodUntilMs: clock.nowMs() + 60_000 };
  const verify = rememberVerified(
    async (token) => {
      asked.push(token);
      return claims;
    },
    clock,
    2,
  );
  for (const token of ["a", "b", "a", "c", "a", "b"]) await verify(token);
  assert.deepEqual(asked, ["a", "b", "c", "b"]);
});

test("what a token costs, the first time and again", async (t) => {
  const { signer, verify, claims } = await setUp(t);
  await verify(await signer.sign({ ...claims, sub: "first" }));
  const uses = 2_000;
  const tokens = await Promise.all(Array.from({ length: 100 }, (_, n) => signer.sign({ ...claims, sub: String(n) })));
  const begunMs = performance.now();
  for (const token of tokens) await verify(token);
  const verifiedMs = performance.now();
  for (let use = 0; use < uses; use++) await verify(tokens[use % tokens.length] ?? "");
  const againMs = performance.now() - verifiedMs;
  t.diagnostic(
    `a new token ${((verifiedMs - begunMs) / tokens.length).toFixed(3)} ms, again ${(againMs / uses).toFixed(4)} ms`,
  );
  assert.equal((await verify(tokens[0] ?? "")).email, EMAIL);
});

test("keys that cannot be had are told apart from a bad token, and had as soon as they can be", async (t) => {
  const { signer, verify, claims, certs } = await setUp(t);
  const token = await signer.sign(claims);
  const { body } = certs;
  for (const answer of [
    { status: 503, body: "" },
    { status: 404, body: "{}" },
    { status: 200, body: "<html>" },
    { status: 200, body: "{}" },
  ]) {
    Object.assign(certs, answer);
    await assert.rejects(verify(token), unavailable, JSON.stringify(answer));
  }
  Object.assign(certs, { status: 200, body });
  assert.equal((await verify(token)).email, EMAIL);
});

test("keys that nobody serves: unavailable, within the deadline", async (t) => {
  const { signer, verify, claims, stop } = await setUp(t);
  stop();
  await assert.rejects(verify(await signer.sign(claims)), unavailable);
});

test("a token of a key that was added since is accepted once the keys may be fetched again", async (t) => {
  const { signer, verify, claims, certs } = await setUp(t);
  t.mock.timers.enable({ apis: ["Date"], now: claims.iat * 1_000 });
  await verify(await signer.sign(claims));
  const next = await createIdTokenSigner();
  certs.body = JSON.stringify({ keys: [...signer.jwks().keys, ...next.jwks().keys] });
  await assert.rejects(verify(await next.sign(claims)), refused());
  assert.equal(certs.asked, 1, "an unknown key must not make a request for each token");
  t.mock.timers.tick(31_000);
  assert.equal((await verify(await next.sign(claims))).email, EMAIL);
  assert.equal((await verify(await signer.sign(claims))).email, EMAIL);
  assert.equal(certs.asked, 2);
});
