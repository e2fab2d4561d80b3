import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { GoogleCall } from "@draftmill/worker/google/google-call.ts";
import { readGoogleFailure } from "@draftmill/worker/google/google-failure.ts";
import { openApplicationCredentials } from "@draftmill/worker/token/application-credentials.ts";
import { classifySearch } from "@draftmill/worker/token/classify-credentials.ts";
import { openScriptedGmail, type Reply, SERVICE_ACCOUNT, startScriptedGoogle } from "../gmail/scripted-google.ts";

const MAILBOX = "rep@corp.example";
const signal = new AbortController().signal;

function open(metadataOnly = true, timeoutMs = 10_000) {
  const calls: GoogleCall[] = [];
  const context = { clock: systemClock, onCall: (call: GoogleCall) => calls.push(call) };
  return { calls, credentials: openApplicationCredentials({ timeoutMs, metadataOnly }, context) };
}

test("the worker's token is fetched once for all that wait, and reported once", async (t) => {
  const google = await startScriptedGoogle(t);
  const { credentials, calls } = open();
  await Promise.all(Array.from({ length: 5 }, () => credentials.headers()));
  assert.equal((await credentials.headers()).get("authorization"), "Bearer worker-token");
  assert.equal(google.seen("metadata").length, 1);
  assert.deepEqual(
    calls.map(({ operation }) => operation),
    ["metadata.token"],
  );
});

test("knows the account that the worker runs as, and its identity", async (t) => {
  const google = await startScriptedGoogle(t);
  const { credentials } = open();
  const claims = Buffer.from('{"sub":"1"}').toString("base64url");
  google.on("identity", () => ({ body: `x.${claims}.x` }));
  assert.equal(await credentials.email(), SERVICE_ACCOUNT);
  assert.deepEqual(await credentials.identityClaims("https://a.example"), { sub: "1" });
});

const ANSWERS: ReadonlyArray<readonly [what: string, reply: Reply, code: string]> = [
  ["no account is attached", { status: 404, body: "Not Found" }, "CREDENTIALS_MISSING"],
  ["the account may not be used", { status: 403, body: "Forbidden" }, "CREDENTIALS_REJECTED"],
  ["it stays silent", { instead: () => {} }, "CREDENTIALS_UNAVAILABLE"],
];

for (const [what, reply, code] of ANSWERS) {
  test(`a metadata server where ${what} is ${code}, until it answers again`, async (t) => {
    const google = await startScriptedGoogle(t);
    const { credentials } = open(true, 300);
    google.on("metadata", () => reply);
    await assert.rejects(credentials.headers(), { name: "DraftError", code, applied: "no" });
    google.on("metadata", () => ({ body: { access_token: "late-token", expires_in: 3599, token_type: "Bearer" } }));
    assert.equal((await credentials.headers()).get("authorization"), "Bearer late-token");
  });
}

test("a machine without any credentials is CREDENTIALS_MISSING", async (t) => {
  const home = await mkdtemp(join(tmpdir(), "draftmill-home-"));
  const before = { ...process.env };
  t.after(async () => {
    process.env = before;
    await rm(home, { recursive: true });
  });
  process.env.HOME = home;
  process.env.METADATA_SERVER_DETECTION = "none";
  delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
  await assert.rejects(open(false).credentials.headers(), { name: "DraftError", code: "CREDENTIALS_MISSING" });
});

test("only a search that was cut off is worth repeating", () => {
  const search = (error: object): string => classifySearch(readGoogleFailure(error)).code;
  assert.equal(search(new Error("Could not load the default credentials")), "CREDENTIALS_MISSING");
  assert.equal(search({ code: "ENOENT", syscall: "open" }), "CREDENTIALS_MISSING");
  assert.equal(search({ response: { status: 404 } }), "CREDENTIALS_MISSING");
  assert.equal(search({ response: { status: 503 } }), "CREDENTIALS_UNAVAILABLE");
  assert.equal(search({ cause: { code: "ECONNRESET" } }), "CREDENTIALS_UNAVAILABLE");
});

test("a worker token that signJwt refuses is not used again", async (t) => {
  const google = await startScriptedGoogle(t);
  const { gmail } = openScriptedGmail(google);
  google.on("metadata", (_, count) => ({
    body: { access_token: `w-${count}`, expires_in: 3599, token_type: "Bearer" },
  }));
  google.on("signJwt", ({ headers }) =>
    headers.authorization === "Bearer w-1"
      ? { status: 401, body: { error: { code: 401, message: "m", status: "UNAUTHENTICATED" } } }
      : { body: { signedJwt: "a.b.c" } },
  );
  await assert.rejects(gmail.prepare(MAILBOX, signal), { code: "CREDENTIALS_REJECTED", class: "transient" });
  await gmail.prepare(MAILBOX, signal);
});
