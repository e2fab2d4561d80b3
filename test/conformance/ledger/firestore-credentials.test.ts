import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { systemClock } from "@draftmill/shared/clock.ts";
import type { Ledger } from "@draftmill/shared/ledger/ledger.ts";
import { openLedger } from "@draftmill/shared/ledger/open-ledger.ts";
import { aRecord } from "./a-record.ts";
import { type FirestoreLine, openFirestoreLine } from "./firestore-line.ts";

/** Where there is nobody: whatever is not answered by the line itself fails. */
const NOWHERE = "127.0.0.1:1";

/** A ledger that finds its credentials as on Google Cloud, at a line that answers in Firestore's place. */
async function onGoogleCloud(t: TestContext): Promise<{ ledger: Ledger; line: FirestoreLine; tokens: () => number }> {
  const google = await startGoogle({ statePath: ":memory:", signer: await createIdTokenSigner() });
  t.after(() => google.close());
  const home = await mkdtemp(join(tmpdir(), "draftmill-home-"));
  t.after(() => rm(home, { recursive: true }));
  const before = { ...process.env };
  t.after(() => {
    process.env = before;
  });
  // The library reads these by itself: no login of whoever runs the tests, the sandbox's metadata server.
  const { GCE_METADATA_HOST, METADATA_SERVER_DETECTION } = google.environment();
  process.env = { PATH: before.PATH, HOME: home, CLOUDSDK_CONFIG: home, GCE_METADATA_HOST, METADATA_SERVER_DETECTION };
  const line = await openFirestoreLine(t, NOWHERE);
  const place = { GOOGLE_CLOUD_PROJECT: google.projectId, FIRESTORE_ENDPOINT: `http://${line.hostPort}` };
  const ledger = await openLedger("firestore:", { clock: systemClock, place });
  t.after(() => ledger.close());
  return { ledger, line, tokens: () => google.calls.count("metadata.token") };
}

test("calls carry a token of the service's own identity, which is asked for once", async (t) => {
  const { ledger, line, tokens } = await onGoogleCloud(t);
  assert.equal(tokens(), 0, "nothing is asked before the first call");
  for (let i = 0; i < 6; i++) line.fail("ABORTED");
  await Promise.allSettled([ledger.create(aRecord()), ledger.get("request-1")]);
  assert.equal(line.authorizations.size, 1);
  assert.match([...line.authorizations].join(), /^Bearer ya29\./);
  assert.equal(tokens(), 1);
});

test("a token that Firestore refuses is not used again", async (t) => {
  const { ledger, line, tokens } = await onGoogleCloud(t);
  for (let i = 0; i < 3; i++) line.fail("UNAUTHENTICATED");
  await assert.rejects(ledger.get("request-1"), {
    name: "LedgerUnavailable",
    reason: "io",
    message: /UNAUTHENTICATED/,
  });
  assert.equal(tokens(), 3);
});

test("a process without an identity is told so, and looks again at the next call", async (t) => {
  const { ledger, line, tokens } = await onGoogleCloud(t);
  const { GCE_METADATA_HOST = "" } = process.env;
  process.env.GCE_METADATA_HOST = NOWHERE;
  await assert.rejects(ledger.get("request-1"), { name: "LedgerUnavailable", reason: "io", message: /credentials/ });
  assert.equal(line.calls.size, 0);
  process.env.GCE_METADATA_HOST = GCE_METADATA_HOST;
  for (let i = 0; i < 3; i++) line.fail("ABORTED");
  await assert.rejects(ledger.get("request-1"), { name: "LedgerUnavailable", reason: "busy" });
  assert.equal(tokens(), 1);
});
