/**
 * Has the bundles do some work and keeps what V8 has compiled of them meanwhile, as `dist/<service>.cjs.cache`, for start.cjs:
 *
 *   node infra/image/code-cache.mjs [--out DIR] [--node PATH]     default: dist, and this Node
 *
 * V8 takes such a file only if it is of the very same version: `--node` is the Node that will run the bundles.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { startGoogle } from "../local/google/start-google.ts";
import { createIdTokenSigner } from "../local/id-token-signer.ts";
import { NODE_FLAGS } from "../local/node-flags.ts";
import { startPubsub } from "../local/pubsub/start-pubsub.ts";
import { setUpTopics } from "../local/topics.ts";
import { startForgetfulFirestore } from "./forgetful-firestore.mjs";

const REQUESTS = 30;
const WITHIN_MS = 60_000;
const PUSH = {
  audience: "https://worker.example.test",
  serviceAccount: "push@draftmill-local.iam.gserviceaccount.com",
};

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(import.meta.dirname, "../../dist") },
    node: { type: "string", default: process.execPath },
  },
});
const timer = setTimeout(() => {
  throw new Error(`the bundles did not do their work within ${WITHIN_MS} ms`);
}, WITHIN_MS);
const signer = await createIdTokenSigner();
const google = await startGoogle({ statePath: ":memory:", signer, unitsPerMinute: 1_000_000 });
const pubsub = await startPubsub({ statePath: ":memory:", signer });
const firestore = await startForgetfulFirestore();
const shared = {
  ...google.environment(),
  HOST: "127.0.0.1",
  PORT: "0",
  GMAIL_USER: "ada@example.com",
  GOOGLE_CLOUD_PROJECT: google.projectId,
  LEDGER_URL: "firestore:",
  FIRESTORE_EMULATOR_HOST: firestore.hostPort,
  PUBSUB_EMULATOR_HOST: pubsub.hostPort,
};
const worker = await run("worker", {
  ...shared,
  GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
  GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl,
  PUSH_AUDIENCE: PUSH.audience,
  PUSH_SERVICE_ACCOUNT: PUSH.serviceAccount,
});
const api = await run("api", { ...shared, AUTH_MODE: "none" });
await setUpTopics({
  pubsubUrl: pubsub.url,
  project: google.projectId,
  workerUrl: worker.url,
  push: PUSH,
  maxDeliveryAttempts: 100,
  retry: { minimumBackoff: "10s", maximumBackoff: "600s" },
});
for (let n = 0; n < REQUESTS; n++) {
  const answer = await fetch(`${api.url}/v1/drafts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      to: `Ada <ada+${n}@example.com>`,
      subject: "Bonjour",
      message: "À demain.",
      dedupeKey: `${n}`,
    }),
  });
  if (answer.status !== 202) throw new Error(`the api answers ${answer.status}: ${await answer.text()}`);
}
while (google.drafts("ada@example.com").length < REQUESTS) await new Promise((wake) => setTimeout(wake, 20));
for (const { service, stop } of [api, worker]) {
  await stop();
  const { size } = statSync(cacheOf(service));
  const image = join(resolve(values.out), "images", service);
  if (existsSync(image)) copyFileSync(cacheOf(service), join(image, "service.cjs.cache"));
  console.log(`${service.padEnd(8)}${size.toLocaleString("en").padStart(12)} bytes of compiled code`);
}
await Promise.all([firestore.close(), pubsub.close(), google.close()]);
clearTimeout(timer);

function cacheOf(service) {
  return join(resolve(values.out), `${service}.cjs.cache`);
}

/** Resolves once it listens; stopped, it leaves its cache behind. */
async function run(service, environment) {
  const script = join(resolve(values.out), `${service}.cjs`);
  const args = [...NODE_FLAGS[service], join(import.meta.dirname, "keep-compiled.cjs"), script, cacheOf(service)];
  const child = spawn(values.node, args, { env: environment, stdio: ["ignore", "pipe", "inherit"] });
  // Should the work fail half-way, nothing of it goes on.
  process.once("exit", () => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const url = await new Promise((listens, fails) => {
    exited.then(([code]) => fails(new Error(`the ${service} ended with ${code} before its work was done`)));
    lines.on("line", (line) => {
      const found = /"url":"(http:[^"]+)"/.exec(line)?.[1];
      if (found !== undefined) listens(found);
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    const [code] = await exited;
    if (code !== 0) throw new Error(`the ${service} ended with ${code}`);
  };
  return { service, url, stop };
}
