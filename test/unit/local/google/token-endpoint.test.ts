import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import {
  assertion,
  at,
  COMPOSE,
  claimsFor,
  exchange,
  gmailCall,
  openGoogle,
  settableClock,
  userToken,
} from "./google-harness.ts";

const USER = "ada@example.com";
const HOUR = 3600;
const WINDOW =
  "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.";
const UNAUTHORIZED =
  "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";

interface Row {
  readonly cause: string;
  readonly claims: (good: Record<string, unknown>, now: number) => Record<string, unknown>;
  readonly answer: readonly [status: number, error: string, description: string];
}

const ROWS: readonly Row[] = [
  {
    cause: "unknown issuer",
    claims: (good) => ({ ...good, iss: "nobody@x.iam.gserviceaccount.com" }),
    answer: [400, "invalid_grant", "Invalid grant: account not found"],
  },
  {
    cause: "no iat",
    claims: ({ iat: _, ...rest }) => rest,
    answer: [400, "invalid_grant", "Invalid JWT: iat (issued at) is not set."],
  },
  {
    cause: "no exp",
    claims: ({ exp: _, ...rest }) => rest,
    answer: [400, "invalid_grant", "Invalid JWT: exp (expiration time) is not set."],
  },
  {
    cause: "iat two hours back",
    claims: (good, now) => ({ ...good, iat: now - 2 * HOUR, exp: now + 60 }),
    answer: [400, "invalid_grant", WINDOW],
  },
  {
    cause: "iat ahead of the skew",
    claims: (good, now) => ({ ...good, iat: now + 600, exp: now + 900 }),
    answer: [400, "invalid_grant", WINDOW],
  },
  {
    cause: "longer than an hour",
    claims: (good, now) => ({ ...good, exp: now + HOUR + 60 }),
    answer: [400, "invalid_grant", WINDOW],
  },
  {
    cause: "empty scope",
    claims: (good) => ({ ...good, scope: "" }),
    answer: [400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."],
  },
  {
    cause: "our own address as audience",
    claims: (good) => ({ ...good, aud: "http://127.0.0.1/token" }),
    answer: [400, "invalid_grant", "Invalid JWT: Failed audience check."],
  },
  {
    cause: "a scope that is not delegated",
    claims: (good) => ({ ...good, scope: `${COMPOSE} https://mail.google.com/` }),
    answer: [401, "unauthorized_client", UNAUTHORIZED],
  },
  {
    cause: "sub that is no address",
    claims: (good) => ({ ...good, sub: "ada" }),
    answer: [400, "invalid_request", 'Invalid impersonation "sub" field.'],
  },
  {
    cause: "sub of another domain",
    claims: (good) => ({ ...good, sub: "ada@elsewhere.test" }),
    answer: [400, "invalid_grant", "Invalid email or User ID"],
  },
  // Doubly wrong: the earlier check answers.
  {
    cause: "empty scope and wrong audience",
    claims: (good) => ({ ...good, scope: " ", aud: "x" }),
    answer: [400, "invalid_scope", "Invalid OAuth scope or ID token audience provided."],
  },
  {
    cause: "wrong audience and unknown user",
    claims: (good) => ({ ...good, aud: "x", sub: "ada@elsewhere.test" }),
    answer: [400, "invalid_grant", "Invalid JWT: Failed audience check."],
  },
];

test("each wrong claim gets the live endpoint's own answer", async (t) => {
  const google = await openGoogle(t);
  const good = claimsFor(google, USER);
  for (const { cause, claims, answer } of ROWS) {
    const reply = await exchange(google, await assertion(google, claims(good, Number(good.iat))));
    const { error, error_description: description } = Object(reply.json);
    assert.deepEqual([reply.status, error, description], answer, cause);
  }
  assert.equal((await exchange(google, await assertion(google, good))).status, 200, "the good one passes");
});

test("skew: iat five minutes ahead and an hour back pass", async (t) => {
  const google = await openGoogle(t);
  const good = claimsFor(google, USER);
  const now = Number(good.iat);
  for (const iat of [now + 295, now - HOUR + 5]) {
    const reply = await exchange(google, await assertion(google, { ...good, iat, exp: iat + HOUR }));
    assert.equal(reply.status, 200, `iat ${iat - now}`);
  }
});

test("an assertion that was kept for longer than it lives is refused", async (t) => {
  const clock = settableClock();
  const google = await openGoogle(t, { clock });
  const jwt = await assertion(google, claimsFor(google, USER));
  clock.advance((HOUR + 200) * 1000);
  assert.equal((await exchange(google, jwt)).status, 200, "within the skew");
  clock.advance(200_000);
  assert.equal(at((await exchange(google, jwt)).json, "error_description"), WINDOW);
});

test("a broken, foreign-signed or unsigned assertion is refused before its claims are read", async (t) => {
  const google = await openGoogle(t);
  const good = await assertion(google, claimsFor(google, USER));
  const [header = "", payload = "", signature = ""] = good.split(".");
  const forged = Buffer.from(JSON.stringify({ ...claimsFor(google, "grace@example.com") })).toString("base64url");
  const none = Buffer.from(JSON.stringify({ alg: "none", kid: kidOf(header) })).toString("base64url");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const foreign = sign("RSA-SHA256", Buffer.from(`${header}.${payload}`), privateKey).toString("base64url");
  const cases: readonly (readonly [string, string, string])[] = [
    ["not a JWT", "invalid_request", "Bad Request"],
    [`${header}.${payload}`, "invalid_request", "Bad Request"],
    [`${header}.${forged}.${signature}`, "invalid_grant", "Invalid JWT Signature."],
    [`${header}.${payload}.${foreign}`, "invalid_grant", "Invalid JWT Signature."],
    [`${none}.${payload}.${signature}`, "invalid_grant", "Invalid JWT Signature."],
  ];
  for (const [jwt, error, description] of cases) {
    const reply = await exchange(google, jwt);
    assert.deepEqual(reply.json, { error, error_description: description });
    assert.equal(reply.status, 400);
  }
  const grant = await exchange(google, good, "authorization_code");
  assert.equal(at(grant.json, "error"), "unsupported_grant_type");
});

test("without sub, an unknown scope is answered with an ID token and no access token", async (t) => {
  const google = await openGoogle(t);
  const own = claimsFor(google, undefined);
  const unknown = await exchange(
    google,
    await assertion(google, { ...own, scope: "https://example.test/not-a-scope" }),
  );
  assert.equal(unknown.status, 200);
  assert.deepEqual(Object.keys(Object(unknown.json)), ["id_token"]);

  // With a true scope it is a token of the account itself, for which there is no mailbox.
  const token = String(at((await exchange(google, await assertion(google, own))).json, "access_token"));
  const reply = await gmailCall(google, token, "GET", "/drafts");
  assert.deepEqual([reply.status, at(reply.json, "error", "message")], [400, "Precondition check failed."]);
});

test("suspension, deletion and delegation decide at the next exchange", async (t) => {
  const google = await openGoogle(t);
  const jwt = await assertion(google, claimsFor(google, USER));
  google.admin.suspendUser(USER);
  assert.deepEqual((await exchange(google, jwt)).json, {
    error: "access_denied",
    error_description: "Account restricted",
  });
  google.admin.deleteUser(USER);
  assert.deepEqual((await exchange(google, jwt)).json, {
    error: "invalid_grant",
    error_description: "The account has been deleted",
  });
  google.admin.restoreUser(USER);
  google.admin.revokeDelegation();
  assert.equal((await exchange(google, jwt)).status, 401);
  google.admin.grantDelegation([COMPOSE]);
  assert.equal((await exchange(google, jwt)).status, 200);
});

test("only the listed users exist where users are listed", async (t) => {
  const google = await openGoogle(t, { users: ["Ada@Example.com"], domains: [] });
  assert.notEqual(await userToken(google, USER), "undefined");
  const reply = await exchange(google, await assertion(google, claimsFor(google, "grace@example.com")));
  assert.equal(at(reply.json, "error_description"), "Invalid email or User ID");
});

test("an access token ends after 3,599 seconds, or at once when it is revoked", async (t) => {
  const clock = settableClock();
  const google = await openGoogle(t, { clock });
  const token = await userToken(google, USER);
  clock.advance(3_590_000);
  assert.equal((await gmailCall(google, token, "GET", "/profile")).status, 200);
  clock.advance(10_000);
  assert.equal((await gmailCall(google, token, "GET", "/profile")).status, 401);
  const fresh = await userToken(google, USER, clock.nowMs());
  google.admin.expireTokens();
  assert.equal((await gmailCall(google, fresh, "GET", "/profile")).status, 401);
});

function kidOf(header: string): unknown {
  return at(JSON.parse(Buffer.from(header, "base64url").toString()), "kid");
}
