import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, type TestContext, test } from "node:test";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { createLogger } from "@draftmill/shared/log.ts";
import { MAILBOX } from "./api-under-test.ts";
import {
  anApiWithCallers,
  bearer,
  CALLERS,
  type Claims,
  CRM,
  claimsOf,
  google,
  OTHER_AUDIENCE,
  withoutSignature,
} from "./callers-under-test.ts";

const URL_OF_ONE = `/v1/drafts?mailbox=${MAILBOX}`;
const MODES = ["iam", "oidc"] as const;

async function setUp(t: TestContext, mode: "iam" | "oidc", callers: readonly object[] = CALLERS) {
  const api = await anApiWithCallers(t, { mode, callers });
  const sign = (changes: Claims = {}): Promise<string> =>
    google.sign({ ...claimsOf(CRM, api.clock.nowMs()), ...changes });
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await api.app.inject({ url: URL_OF_ONE, headers })).statusCode;
  return { ...api, sign, statusOf, nowSeconds: api.clock.nowMs() / 1000 };
}

/** The one answer to whoever is not known, and what the log says of it. */
async function refusal(api: Awaited<ReturnType<typeof setUp>>, headers: Record<string, string>, why: RegExp) {
  const answer = await api.app.inject({ url: URL_OF_ONE, headers });
  assert.equal(answer.statusCode, 401);
  const { requestId, ...problem } = answer.json();
  assert.equal(problem.code, "UNAUTHENTICATED");
  assert.equal(problem.detail, problem.title);
  assert.deepEqual(problem.errors, []);
  assert.equal(answer.headers["www-authenticate"], "Bearer");
  assert.equal(answer.headers["ratelimit-policy"], undefined);
  const event = api.events.find((one) => one.requestId === requestId);
  assert.match(String(event?.reason), why);
  assert.doesNotMatch(JSON.stringify(event), /@|elsewhere/);
}

const WRONG_CLAIMS: readonly (readonly [string, Claims, RegExp])[] = [
  ["no e-mail", { email: undefined }, /verified address/],
  ["an empty e-mail", { email: "" }, /verified address/],
  ["an unverified e-mail", { email_verified: false }, /verified address/],
  ['email_verified as the text "true"', { email_verified: "true" }, /verified address/],
  ["another audience", { aud: "https://elsewhere.example" }, /aud/i],
  ["an audience with a slash too many", { aud: `${OTHER_AUDIENCE}/` }, /aud/i],
  ["no audience", { aud: undefined }, /aud/i],
  ["another issuer", { iss: "https://accounts.google.example" }, /iss/i],
  ["no issuer", { iss: undefined }, /iss/i],
  ["no expiry", { exp: undefined }, /exp/i],
];

for (const mode of MODES) {
  describe(`AUTH_MODE ${mode}`, () => {
    test("names the caller of a token that Google made for one of its audiences", async (t) => {
      const { sign, statusOf } = await setUp(t, mode);
      assert.equal(await statusOf(bearer(await sign())), 200);
      assert.equal(await statusOf(bearer(await sign({ aud: OTHER_AUDIENCE, iss: "accounts.google.com" }))), 200);
      assert.equal(await statusOf(bearer(await sign({ email: CRM.toUpperCase() }))), 200);
    });

    test("refuses claims that are wrong or absent, without saying which", async (t) => {
      const api = await setUp(t, mode);
      for (const [, claims, why] of WRONG_CLAIMS) await refusal(api, bearer(await api.sign(claims)), why);
    });

    test("bears with a token that ran out 59 s ago, and not 61", async (t) => {
      const api = await setUp(t, mode);
      const iat = api.nowSeconds - 3_600;
      assert.equal(await api.statusOf(bearer(await api.sign({ iat, exp: api.nowSeconds - 59 }))), 200);
      await refusal(api, bearer(await api.sign({ iat, exp: api.nowSeconds - 61 })), /exp/);
    });

    test("refuses a known token as soon as it has run out", async (t) => {
      const api = await setUp(t, mode);
      const headers = bearer(await api.sign());
      await api.clock.advance((3_600 + 59) * 1000);
      assert.equal(await api.statusOf(headers), 200);
      await api.clock.advance(1_000);
      await refusal(api, headers, /exp/);
    });

    test("refuses what is no token", async (t) => {
      const api = await setUp(t, mode);
      await refusal(api, {}, /no bearer token/);
      await refusal(api, { authorization: "Basic YTpi" }, /no bearer token/);
      await refusal(api, bearer("ya29.opaque"), /JWT|JWS/);
      await refusal(api, bearer("e30.bnVsbA.x"), /JWT|JWS|JOSE/);
    });

    test("tells who a refused token claims to be for, at level debug alone", async (t) => {
      const lines: string[] = [];
      const log = createLogger("api", "debug", { write: (line) => void lines.push(line) });
      const { app, as } = await anApiWithCallers(t, { mode, log });
      await app.inject({ url: URL_OF_ONE, headers: await as(CRM, { aud: "https://elsewhere.example" }) });
      const { claimed } = JSON.parse(lines.find((line) => line.includes("request.completed")) ?? "{}");
      const iss = "https://accounts.google.com";
      assert.deepEqual(claimed, { iss, aud: "https://elsewhere.example", email: CRM });
    });
  });
}

test("iam reads a token whose signature Cloud Run has removed, and one that it has left", async (t) => {
  const { sign, statusOf } = await setUp(t, "iam");
  assert.equal(await statusOf(bearer(withoutSignature(await sign()))), 200);
});

test("iam reads X-Serverless-Authorization when it is there, as that is the one Cloud Run has checked", async (t) => {
  const api = await setUp(t, "iam");
  const checked = `Bearer ${withoutSignature(await api.sign())}`;
  const forged = bearer("e30.e30.x");
  assert.equal(await api.statusOf({ ...forged, "x-serverless-authorization": checked }), 200);
  const unusable = { ...bearer(await api.sign()), "x-serverless-authorization": "Bearer x" };
  await refusal(api, unusable, /JWT/);
});

test("oidc reads Authorization alone, whatever Cloud Run was given beside it", async (t) => {
  const api = await setUp(t, "oidc");
  const token = await api.sign();
  assert.equal(await api.statusOf({ ...bearer(token), "x-serverless-authorization": "Bearer x" }), 200);
  await refusal(api, { "x-serverless-authorization": `Bearer ${token}` }, /no bearer token/);
});

test("oidc refuses a token of which Cloud Run has removed the signature, and says in the log what that means", async (t) => {
  const api = await setUp(t, "oidc");
  await refusal(api, bearer(withoutSignature(await api.sign())), /AUTH_MODE is iam/);
});

test("oidc refuses every signature that is not of Google's keys", async (t) => {
  const api = await setUp(t, "oidc");
  const token = await api.sign();
  const [header = "", payload = "", signature = ""] = token.split(".");
  const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const kid = google.keyId;
  const hmacHead = `${coded({ alg: "HS256", kid })}.${payload}`;
  const stranger = await createIdTokenSigner();
  const forged = [
    `${coded({ alg: "none", kid })}.${payload}.`,
    `${hmacHead}.${createHmac("sha256", api.certs.certs.body).update(hmacHead).digest("base64url")}`,
    `${header}.${coded({ ...claimsOf("boss@corp.example", api.clock.nowMs()) })}.${signature}`,
    await stranger.sign(claimsOf(CRM, api.clock.nowMs())),
    `${coded({ alg: "RS256", kid, jwk: stranger.jwks().keys[0] })}.${payload}.${signature.replace(/^./, "A")}`,
  ];
  for (const text of forged) await refusal(api, bearer(text), /^ERR_J/);
});

test("oidc refuses a token that is not valid yet", async (t) => {
  const api = await setUp(t, "oidc");
  await refusal(api, bearer(await api.sign({ nbf: api.nowSeconds + 61 })), /nbf/);
  await refusal(api, bearer(await api.sign({ iat: api.nowSeconds + 61 })), /iat/);
});

test("oidc goes on with a key that Google has added, and with the old one while it is there", async (t) => {
  const api = await setUp(t, "oidc");
  t.mock.timers.enable({ apis: ["Date"], now: api.clock.nowMs() });
  const { certs } = api.certs;
  assert.equal(await api.statusOf(bearer(await api.sign())), 200);
  const next = await createIdTokenSigner();
  certs.body = JSON.stringify({ keys: [...google.jwks().keys, ...next.jwks().keys] });
  t.mock.timers.tick(31_000);
  const claims = claimsOf(CRM, api.clock.nowMs());
  assert.equal(await api.statusOf(bearer(await next.sign(claims))), 200);
  assert.equal(await api.statusOf(bearer(await api.sign({ sub: "again" }))), 200);
  assert.equal(certs.asked, 2);
});

test("keys that cannot be fetched are a 503 to try again, without a word more", async (t) => {
  const api = await setUp(t, "oidc");
  api.certs.stop();
  const answer = await api.app.inject({ url: URL_OF_ONE, headers: bearer(await api.sign()) });
  assert.equal(answer.statusCode, 503);
  const problem = answer.json();
  assert.equal(problem.code, "CERTS_UNAVAILABLE");
  assert.equal(problem.detail, problem.title);
  assert.equal(answer.headers["retry-after"], "2");
});

test("a token that comes again costs no signature", async (t) => {
  const api = await setUp(t, "oidc");
  const signatures = t.mock.method(crypto.subtle, "verify").mock;
  const headers = bearer(await api.sign());
  for (let call = 0; call < 20; call++) assert.equal(await api.statusOf(headers), 200);
  assert.equal(signatures.callCount(), 1);
});

const DOMAIN = [{ caller: "@corp.example", mailboxes: [MAILBOX], role: "submit", requestsPerSecond: 1_000 }];

test("an @domain stands for accounts that the domain's owner has made, not for personal ones with such an address", async (t) => {
  const api = await setUp(t, "oidc", DOMAIN);
  const ada = { email: "ada@corp.example" };
  assert.equal(await api.statusOf(bearer(await api.sign({ ...ada, hd: "corp.example" }))), 200);
  const answer = await api.app.inject({ url: URL_OF_ONE, headers: bearer(await api.sign(ada)) });
  assert.equal(answer.json().code, "CALLER_NOT_ALLOWED");
  assert.match(String(api.events.at(-1)?.reason), /personal accounts/);
});
