import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { CONSOLE_FILE_NAMES, CONSOLE_PAGE } from "@draftmill/api/console-files.ts";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { startSweepTimer } from "@draftmill/local/sweep-timer.ts";
import { setUpTopics } from "@draftmill/local/topics.ts";
import { type Bundle, startBundle } from "../support/bundle-process.ts";
import { buildBundles } from "../support/bundles.ts";
import { readText } from "../support/readme.ts";

const FILES = ["api.cjs", "doctor.mjs", "draftmill.mjs", "start.cjs", "worker.cjs"];
const CALL_TIMEOUT_MS = 20_000;
const RUN_TIMEOUT_MS = 60_000;
const AUDIENCE = "https://worker.example.test";

test("the bundles alone, in an empty folder, turn a POST into a draft and stop cleanly", async (t) => {
  const { folder: built, printed } = await buildBundles(t);
  assert.match(printed, /^worker(?: +[\d,]+){4}$/m);
  const folder = await mkdtemp(join(tmpdir(), "draftmill-empty-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  for (const file of FILES) await copyFile(join(built, file), join(folder, file));

  const signer = await createIdTokenSigner();
  const google = await startGoogle({ statePath: ":memory:", signer });
  t.after(() => google.close());
  const pubsub = await startPubsub({ statePath: ":memory:", signer });
  t.after(() => pubsub.close());
  const push = { audience: AUDIENCE, serviceAccount: "push@draftmill-local.iam.gserviceaccount.com" };
  const shared = {
    ...google.environment(),
    HOST: "127.0.0.1",
    PORT: "0",
    GMAIL_USER: "ada@example.com",
    LEDGER_URL: "sqlite:ledger.db",
    PUBSUB_EMULATOR_HOST: pubsub.hostPort,
  };
  const start = async (service: string, environment: Record<string, string>): Promise<Bundle> => {
    const bundle = await startBundle(folder, service, { ...shared, ...environment });
    t.after(() => bundle.stop());
    return bundle;
  };
  const workerSettings = {
    GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
    GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl,
    PUSH_AUDIENCE: push.audience,
    PUSH_SERVICE_ACCOUNT: push.serviceAccount,
  };
  const worker = await start("worker", workerSettings);
  const api = await start("api", { AUTH_MODE: "none" });
  await setUpTopics({
    pubsubUrl: pubsub.url,
    project: google.projectId,
    workerUrl: worker.url,
    push,
    maxDeliveryAttempts: 100,
    retry: { minimumBackoff: "10s", maximumBackoff: "600s" },
  });

  for (const { url } of [api, worker]) {
    const alive = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    assert.equal(alive.status, 200);
  }
  await servesConsole(api.url);
  const answer = await fetch(api.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: "grace@example.com", subject: "Réunion", message: "À demain." }),
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const [made] = google.drafts("ada@example.com");
  assert.deepEqual(await answer.json(), { status: "ok", draft_id: made?.id });
  const run = (file: string, args: readonly string[], env: Record<string, string>) =>
    promisify(execFile)(process.execPath, [file, ...args], { cwd: folder, env, timeout: RUN_TIMEOUT_MS });
  const draft = ["--to", "grace@example.com", "--subject", "Again", "--message", "M", "--wait", "--url", api.url];
  assert.match((await run("draftmill.mjs", ["draft", ...draft], {})).stdout, /^status +created$/m);

  // What Cloud Scheduler does in production: without it nothing is taken back.
  const sweeps = startSweepTimer({ workerUrl: () => worker.url, push, signer, everyMs: 250, onFailure: () => {} });
  t.after(() => sweeps.close());
  const before = google.drafts("ada@example.com").length;
  const smoke = await run("draftmill.mjs", ["smoke", "--url", api.url], {});
  t.diagnostic(smoke.stdout.replaceAll(/\s+/g, " "));
  assert.match(smoke.stdout, /^accept +\d+ ms.*\nqueue +\d+ ms.*\ncreate +\d+ ms.*ada@example\.com\ndelete +\d+ ms/);
  assert.equal(google.drafts("ada@example.com").length, before);

  const doctor = await run("doctor.mjs", ["--write"], { ...shared, ...workerSettings });
  assert.match(doctor.stdout, /^ok +draft .*\n[\s\S]*Verdict: ok\.$/m);
  assert.deepEqual(google.violations, []);

  assert.equal(await api.stop(), 0);
  assert.equal(await worker.stop(), 0);
  assert.deepEqual((await readdir(folder)).filter((name) => !name.startsWith("ledger.db")).sort(), FILES);
});

/** The whole console comes out of the bundle, byte for byte as it is in its folder. */
async function servesConsole(url: string): Promise<void> {
  const page = await fetch(url, { headers: { accept: "text/html" }, signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
  assert.equal(await page.text(), readText(`services/api/src/console/${CONSOLE_PAGE}`));
  for (const name of CONSOLE_FILE_NAMES) {
    const file = await fetch(`${url}/console/${name}`, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    assert.equal(file.status, 200, name);
    assert.equal(await file.text(), readText(`services/api/src/console/${name}`), name);
  }
}
