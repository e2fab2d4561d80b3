import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { DraftError } from "@draftmill/shared/errors.ts";
import { openScriptedGmail, type Reply, SERVICE_ACCOUNT, startScriptedGoogle } from "../gmail/scripted-google.ts";

const MAILBOX = "rep@corp.example";
const SCOPE = "https://www.googleapis.com/auth/gmail.compose";
const MINUTE_MS = 60_000;
const signal = new AbortController().signal;

const refused = (status: number, reason: string, details: unknown = []): Reply => ({
  status,
  body: { error: { code: status, message: reason, status: "PERMISSION_DENIED", details } },
});

const NOT_DELEGATED: Reply = {
  status: 401,
  body: { error: "unauthorized_client", error_description: "Client is unauthorized to retrieve access tokens" },
};

/** A token as a metadata server gives it; nobody verifies it here. */
const identityToken = (claims: object): string =>
  ["{}", JSON.stringify(claims), "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".");

async function failureOf(work: Promise<unknown>): Promise<DraftError> {
  const error = await work.then(
    () => assert.fail("it did not fail"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DraftError, String(error));
  return error;
}

const START_MS = Date.UTC(2026, 10, 22, 10);

function withManualDate(t: TestContext): void {
  t.mock.timers.enable({ apis: ["Date"], now: START_MS });
}

test("signs an assertion for one user, one scope and one hour that began ten minutes ago, and trades it as it is", async (t) => {
  withManualDate(t);
  const google = await startScriptedGoogle(t);
  await openScriptedGmail(google).gmail.prepare(MAILBOX, signal);
  const [signing] = google.seen("signJwt");
  assert.equal(decodeURIComponent(signing?.url ?? ""), `/v1/projects/-/serviceAccounts/${SERVICE_ACCOUNT}:signJwt`);
  assert.equal(signing?.headers.authorization, "Bearer worker-token");
  assert.deepEqual(JSON.parse(JSON.parse(signing?.body ?? "").payload), {
    iss: SERVICE_ACCOUNT,
    sub: MAILBOX,
    scope: SCOPE,
    aud: "https://oauth2.googleapis.com/token",
    iat: START_MS / 1000 - 600,
    exp: START_MS / 1000 + 3000,
  });
  const form = new URLSearchParams(google.seen("token")[0]?.body);
  assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  assert.equal(form.get("assertion"), "signed.assertion.text");
});

test("ten that wait for one mailbox's token share one mint", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  await Promise.all(Array.from({ length: 10 }, () => gmail.prepare(MAILBOX, signal)));
  assert.equal(google.seen("signJwt").length, 1);
  assert.equal(google.seen("token").length, 1);
});

test("each mailbox has a token of its own, made with the same worker token", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  await Promise.all(["a@corp.example", "b@corp.example"].map((mailbox) => gmail.prepare(mailbox, signal)));
  assert.equal(google.seen("signJwt").length, 2);
  assert.equal(google.seen("metadata").length, 1);
});

test("a token is used until five minutes before its end", async (t) => {
  withManualDate(t);
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  await gmail.prepare(MAILBOX, signal);
  t.mock.timers.setTime(START_MS + 3599_000 - 5 * MINUTE_MS - 1);
  await gmail.prepare(MAILBOX, signal);
  assert.equal(google.seen("token").length, 1);
  t.mock.timers.setTime(START_MS + 3599_000 - 5 * MINUTE_MS + 1);
  await gmail.prepare(MAILBOX, signal);
  assert.equal(google.seen("token").length, 2);
});

test("a mint that fails fails for all that wait, and for nobody after them", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("token", (_, count) =>
    count === 1 ? { status: 503, body: "busy" } : { body: { access_token: "t", expires_in: 3599 } },
  );
  const waiting = Array.from({ length: 10 }, () => failureOf(gmail.prepare(MAILBOX, signal)));
  for (const error of await Promise.all(waiting)) {
    assert.equal(error.code, "TOKEN_ENDPOINT_UNAVAILABLE");
    assert.equal(error.applied, "no");
  }
  assert.equal(google.seen("token").length, 1);
  await gmail.prepare(MAILBOX, signal);
});

test("a failed mint comes out of a create as it is", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail, calls } = openScriptedGmail(google);
  google.on("token", () => ({
    status: 400,
    body: { error: "invalid_grant", error_description: "Invalid email or User ID" },
  }));
  const error = await failureOf(gmail.createDraft(MAILBOX, { mime: Buffer.from("x"), threadId: null }, signal));
  assert.equal(error.code, "MAILBOX_UNKNOWN");
  assert.equal(error.applied, "no");
  assert.match(error.remedy, /rep@corp\.example/);
  assert.equal(google.seen("create").length, 0);
  assert.deepEqual(calls.at(-1)?.reason, "HTTP 400 invalid_grant");
});

test("an answer without an access token means that the scope is not granted", async (t) => {
  const google = await startScriptedGoogle(t);
  google.on("token", () => ({ body: { id_token: "x" } }));
  const error = await failureOf(openScriptedGmail(google).gmail.prepare(MAILBOX, signal));
  assert.equal(error.code, "SCOPE_NOT_GRANTED");
  assert.match(error.remedy, new RegExp(SCOPE));
});

test("the service account is the one that the worker runs as when none is named", async (t) => {
  const google = await startScriptedGoogle(t);
  await openScriptedGmail(google, { serviceAccount: null }).gmail.prepare(MAILBOX, signal);
  assert.match(decodeURIComponent(google.seen("signJwt")[0]?.url ?? ""), /serviceAccounts\/worker@acme-mail\./);
});

test("missing delegation names the client id of the account that the worker runs as", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("identity", () => ({ body: identityToken({ email: SERVICE_ACCOUNT, sub: "112233445566778899001" }) }));
  await gmail.prepare("other@corp.example", signal);
  assert.equal(google.seen("identity").length, 0);
  google.on("token", () => NOT_DELEGATED);
  for (const mailbox of [MAILBOX, "third@corp.example"]) {
    const error = await failureOf(gmail.prepare(mailbox, signal));
    assert.equal(error.code, "DELEGATION_MISSING");
    assert.match(error.remedy, /Client ID: 112233445566778899001\. OAuth scopes: https:\/\/\S+gmail\.compose\./);
  }
  assert.equal(google.seen("identity").length, 1);
});

test("missing delegation names the command that prints the client id of another account", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("identity", () => ({ body: identityToken({ email: "run@acme-mail.example", sub: "1122334455" }) }));
  google.on("token", () => NOT_DELEGATED);
  const { remedy } = await failureOf(gmail.prepare(MAILBOX, signal));
  assert.ok(
    remedy.includes(`gcloud iam service-accounts describe ${SERVICE_ACCOUNT} --format='value(uniqueId)'`),
    remedy,
  );
});

test("denied signing names both accounts in the command that grants it", async (t) => {
  const google = await startScriptedGoogle(t);
  google.on("signJwt", () => refused(403, "denied"));
  google.on("email", () => ({ body: "run@acme-mail.iam.gserviceaccount.com" }));
  const { code, remedy } = await failureOf(openScriptedGmail(google).gmail.prepare(MAILBOX, signal));
  assert.equal(code, "SIGNING_DENIED");
  assert.ok(
    remedy.startsWith(
      `gcloud iam service-accounts add-iam-policy-binding ${SERVICE_ACCOUNT} --member=serviceAccount:run@acme-mail.iam.gserviceaccount.com --role=roles/iam.serviceAccountTokenCreator`,
    ),
    remedy,
  );
});

test("denied signing for an account that has no public keys is an account that does not exist", async (t) => {
  const google = await startScriptedGoogle(t);
  google.on("signJwt", () => refused(403, "denied"));
  google.on("keys", () => ({ status: 404, body: "<h1>Not Found</h1>" }));
  const { code } = await failureOf(openScriptedGmail(google).gmail.prepare(MAILBOX, signal));
  assert.equal(code, "SIGNER_NOT_FOUND");
});

test("denied signing stays denied signing when nobody can tell whether the account exists", async (t) => {
  const google = await startScriptedGoogle(t);
  google.on("signJwt", () => refused(403, "denied"));
  google.on("keys", () => ({ status: 503, body: {} }));
  const { code } = await failureOf(openScriptedGmail(google).gmail.prepare(MAILBOX, signal));
  assert.equal(code, "SIGNING_DENIED");
});

test("a disabled API names the project that Google named", async (t) => {
  const google = await startScriptedGoogle(t);
  const details = [{ reason: "SERVICE_DISABLED", metadata: { consumer: "projects/123456789012" } }];
  google.on("signJwt", () => refused(403, "disabled", details));
  const { remedy } = await failureOf(openScriptedGmail(google).gmail.prepare(MAILBOX, signal));
  assert.equal(remedy, "gcloud services enable iamcredentials.googleapis.com --project=123456789012");
});

test("the four mistakes of a first installation have four codes", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  const codes: string[] = [];
  const note = async (): Promise<void> => void codes.push((await failureOf(gmail.prepare(MAILBOX, signal))).code);
  google.on("signJwt", () => refused(404, "no such account"));
  await note();
  google.on("signJwt", () => refused(403, "denied"));
  await note();
  google.on("signJwt", () => ({ body: { signedJwt: "a.b.c" } }));
  google.on("token", () => NOT_DELEGATED);
  await note();
  google.on("token", () => ({ body: { id_token: "x" } }));
  await note();
  assert.deepEqual(codes, ["SIGNER_NOT_FOUND", "SIGNING_DENIED", "DELEGATION_MISSING", "SCOPE_NOT_GRANTED"]);
});
