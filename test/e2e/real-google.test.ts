import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startLocalStack } from "@draftmill/local/local-stack.ts";
import { realGoogleSettings } from "@draftmill/local/real-google.ts";

it("does what the old function did with GMAIL_USER and GOOGLE_SERVICE_ACCOUNT_EMAIL: default credentials, signJwt, exchange, create", async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), "draftmill-"));
  t.after(() => rm(dataDir, { recursive: true, force: true }));
  // Stands for Google: the stack is only told where it is.
  const google = await startGoogle({
    statePath: ":memory:",
    signer: await createIdTokenSigner(),
    domains: ["corp.example"],
  });
  t.after(() => google.close());
  const { GOOGLE_CERTS_ENDPOINT: _, ...endpoints } = google.environment();
  const settings = realGoogleSettings({
    ...endpoints,
    GMAIL_USER: "rep@corp.example",
    GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
  });
  assert.ok(settings !== null);
  const stack = await startLocalStack({
    dataDir,
    ports: { api: 0, worker: 0, pubsub: 0, google: 0 },
    realGoogle: settings,
    onEvent: () => {},
  });
  t.after(() => stack.close());
  const answer = await fetch(`${stack.apiUrl}/`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: "a@example.test", subject: "S", message: "M" }),
    signal: AbortSignal.timeout(60_000),
  });
  assert.equal(answer.status, 200);
  assert.equal(google.drafts("rep@corp.example").length, 1);
  assert.deepEqual(
    google.calls.list().map(({ operation }) => operation),
    ["metadata.token", "signJwt", "token", "drafts.create"],
  );
});
