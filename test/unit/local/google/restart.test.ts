import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { at, call, draftBody, gmailCall, signer, userToken } from "./google-harness.ts";

const USER = "ada@example.com";

test("drafts, their order and the account's key outlive a restart; tokens do not", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-google-"));
  t.after(() => rm(folder, { recursive: true }));
  const options = { statePath: join(folder, "deeper", "google.db"), signer };

  const first = await startGoogle(options);
  const keyUrl = `/service_accounts/v1/jwk/${first.serviceAccount}`;
  const oldToken = await userToken(first, USER);
  for (const subject of ["one", "two"]) {
    await gmailCall(first, oldToken, "POST", "/drafts", draftBody({ To: USER, Subject: subject }));
  }
  const before = first.drafts(USER);
  const key = (await call(first.url + keyUrl)).json;
  await first.close();

  const second = await startGoogle(options);
  t.after(() => second.close());
  assert.deepEqual(second.drafts(USER), before);
  assert.deepEqual((await call(second.url + keyUrl)).json, key);
  assert.equal((await gmailCall(second, oldToken, "GET", "/drafts")).status, 401);
  const token = await userToken(second, USER);
  const third = await gmailCall(second, token, "POST", "/drafts", draftBody());
  const listed = await gmailCall(second, token, "GET", "/drafts");
  assert.equal(at(listed.json, "drafts", 0, "id"), at(third.json, "id"), "new ones come before old ones");
});

test("a port in use is an error, and the state file is left free", async (t) => {
  const first = await startGoogle({ statePath: ":memory:", signer });
  t.after(() => first.close());
  const port = Number(new URL(first.url).port);
  await assert.rejects(startGoogle({ statePath: ":memory:", signer, port }), { code: "EADDRINUSE" });
});

test("closing ends a call that stalls", { timeout: 10_000 }, async () => {
  const google = await startGoogle({ statePath: ":memory:", signer });
  const token = await userToken(google, USER);
  google.faults.next("drafts.list", 1, { kind: "stall", ms: 60_000 });
  const stalled = gmailCall(google, token, "GET", "/drafts");
  const ended = assert.rejects(stalled);
  while (google.faults.pending().length > 0) await call(`${google.url}/oauth2/v3/certs`);
  await google.close();
  await ended;
  assert.deepEqual(google.violations, []);
});
