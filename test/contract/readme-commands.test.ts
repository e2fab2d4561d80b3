import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { setUpTopics } from "@draftmill/local/topics.ts";
import { findGcloud } from "../support/gcloud.ts";
import { faultsOfGcloud } from "../support/gcloud-lint.ts";
import { fenceLanguages, ROOT, readText } from "../support/readme.ts";
import { packages, readManifest } from "../support/repository.ts";
import { runShell, startShell } from "../support/shell.ts";
import { COMMANDS, commandThat, firstIn, openReaderHome, PROOFS, type ReaderHome } from "./readme-proofs.ts";

let home: ReaderHome;
before(async () => {
  home = await openReaderHome();
});
after(() => home.remove());

test("every shell command of the README is in the table of this test, and every row of the table is in the README", () => {
  assert.deepEqual(
    COMMANDS.filter(({ row }) => row === undefined).map(({ command }) => command),
    [],
  );
  const used = new Set(COMMANDS.map(({ row }) => row));
  assert.deepEqual(
    PROOFS.filter((row) => !used.has(row)).map(({ starts }) => starts),
    [],
  );
  assert.deepEqual(
    fenceLanguages(readText("README.md")).filter((language) => !["", "sh", "http"].includes(language)),
    [],
    "commands stand in ```sh blocks",
  );
});

test("npm start serves every call of the README and stops with Ctrl-C", { timeout: 120_000 }, async (t) => {
  const start = commandThat("npm start");
  const dataDir = join(home.folder, "data");
  const server = await startShell(`${start} -- --port 0 --data ${dataDir}`, home.environment, /Stop with Ctrl-C/);
  t.after(() => server.interrupt());
  const addresses: Readonly<Record<string, string>> = {
    "http://127.0.0.1:8080": firstIn(server.output, /API +(http:\S+)/),
    "http://127.0.0.1:8085": firstIn(server.output, /(http:\S+)\/v1\/projects/),
    "http://127.0.0.1:8086": firstIn(server.output, /Mailboxes +(http:\S+)/),
  };
  const here = (command: string): string =>
    Object.entries(addresses).reduce((text, [documented, actual]) => text.replaceAll(documented, actual), command);
  const environment = { ...home.environment, DRAFTMILL_URL: here("http://127.0.0.1:8080") };
  const hasGcloud = findGcloud() !== null;
  for (const { command, row } of COMMANDS) {
    if (row?.proof.how !== "run") continue;
    if (row.proof.needs === "gcloud" && !hasGcloud) {
      t.diagnostic("no gcloud on this machine: its publish was not run");
      continue;
    }
    const { code, output } = await runShell(here(command), environment);
    assert.equal(code, 0, `${command}\n${output}`);
    assert.match(output, row.proof.prints, command);
  }
  if (hasGcloud) {
    const ask = here(
      "curl -H 'Prefer: wait=20' --retry 5 --retry-all-errors -f http://127.0.0.1:8080/v1/drafts/crm-4711",
    );
    assert.match((await runShell(ask, home.environment)).output, /"status":"created"/);
  }
  assert.match(await server.interrupt(), /Stopped\. What was queued is kept/);
});

test("npm start with the two variables of the real Google drafts there", { timeout: 120_000 }, async (t) => {
  const google = await startGoogle({ statePath: ":memory:", signer: await createIdTokenSigner(), ...CORP });
  t.after(() => google.close());
  const command = `${commandThat("GMAIL_USER=rep@corp.example ")} -- --port 0 --data ${join(home.folder, "real")}`;
  const server = await startShell(command, { ...home.environment, ...google.environment() }, /Stop with Ctrl-C/);
  t.after(() => server.interrupt());
  assert.match(server.output, /REAL Gmail/);
  await draftOnce(firstIn(server.output, /API +(http:\S+)/));
  assert.equal(google.drafts("rep@corp.example").length, 1);
  assert.match(await server.interrupt(), /Stopped\. What was queued is kept/);
});

test("api and worker, each started alone as the README says, make a draft together", {
  timeout: 120_000,
}, async (t) => {
  const signer = await createIdTokenSigner();
  const google = await startGoogle({ statePath: ":memory:", signer, ...CORP });
  t.after(() => google.close());
  const pubsub = await startPubsub({ statePath: ":memory:", signer });
  t.after(() => pubsub.close());
  const surroundings = {
    ...home.environment,
    ...google.environment(),
    GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl,
    HOST: "127.0.0.1",
    PUBSUB_EMULATOR_HOST: pubsub.hostPort,
    LEDGER_URL: `sqlite:${join(home.folder, "pair.db")}`,
  };
  const onFreePort = (command: string): string => command.replace(/PORT=\d+/, "PORT=0");
  const workerCommand = commandThat("PORT=8081 ");
  const worker = await startShell(onFreePort(workerCommand), surroundings, /worker\.started/);
  t.after(() => worker.interrupt());
  const api = await startShell(onFreePort(commandThat("AUTH_MODE=none ")), surroundings, /api\.started/);
  t.after(() => api.interrupt());
  await setUpTopics({
    pubsubUrl: pubsub.url,
    project: google.projectId,
    workerUrl: firstIn(worker.output, /"url":"(http:[^"]+)"/),
    push: {
      audience: firstIn(workerCommand, /PUSH_AUDIENCE=(\S+)/),
      serviceAccount: firstIn(workerCommand, /PUSH_SERVICE_ACCOUNT=(\S+)/),
    },
    maxDeliveryAttempts: 100,
    retry: { minimumBackoff: "10s", maximumBackoff: "600s" },
  });
  await draftOnce(firstIn(api.output, /"url":"(http:[^"]+)"/));
  assert.equal(google.drafts("rep@corp.example").length, 1);
  assert.match(await api.interrupt(), /api\.stopped/);
  assert.match(await worker.interrupt(), /worker\.stopped/);
});

test("every gcloud command of the README is one that gcloud knows, with flags that it has", {
  skip: findGcloud() === null && "no gcloud on this machine",
}, async () => {
  const listed = COMMANDS.filter(({ row }) => row?.proof.how === "lint").map(({ command }) => command);
  assert.deepEqual(await faultsOfGcloud(listed, home.environment), []);
});

test("npm ci would install: the lockfile fits every package.json", async () => {
  const copy = join(home.folder, "install");
  const manifests = ["package.json", ...packages().map(({ folder }) => `${folder}/package.json`)];
  for (const path of [...manifests, "package-lock.json"]) {
    await mkdir(dirname(join(copy, path)), { recursive: true });
    await cp(`${ROOT}${path}`, join(copy, path));
  }
  const dryRun = ["ci", "--dry-run", "--offline", "--ignore-scripts"];
  await promisify(execFile)("npm", dryRun, { cwd: copy, env: home.environment, timeout: 60_000 });
});

test("the scripts and files that the README names exist", () => {
  const { scripts = {} } = readManifest("package.json");
  for (const [, name = ""] of readText("README.md").matchAll(/npm run ([\w:]+)/g)) assert.ok(scripts[name], name);
  for (const { row } of COMMANDS) if (row?.proof.how === "script") readText(row.proof.path);
  for (const [, target = ""] of readText("README.md").matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) readText(target);
});

/** The Workspace of the README's example with real Gmail. */
const CORP = {
  domains: ["corp.example"],
  projectId: "my-project",
  serviceAccount: "draftmill@my-project.iam.gserviceaccount.com",
};

async function draftOnce(apiUrl: string): Promise<void> {
  const answer = await fetch(apiUrl, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: "ada@example.com", subject: "Hello", message: "Hello." }),
    signal: AbortSignal.timeout(40_000),
  });
  assert.equal(answer.status, 200, await answer.text());
}
