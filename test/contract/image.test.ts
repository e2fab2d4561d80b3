import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { startGoogle } from "@draftmill/local/google/start-google.ts";
import { createIdTokenSigner } from "@draftmill/local/id-token-signer.ts";
import { MALLOC_SETTINGS, NODE_FLAGS } from "@draftmill/local/node-flags.ts";
import { startPubsub } from "@draftmill/local/pubsub/start-pubsub.ts";
import { setUpTopics } from "@draftmill/local/topics.ts";
import { build } from "esbuild";
import { type Bundle, startBundle } from "../support/bundle-process.ts";
import { buildBundles, compileBundles } from "../support/bundles.ts";
import { ROOT, readText } from "../support/readme.ts";

/** Instructions in order, comments and line continuations gone. */
const INSTRUCTIONS = readText("infra/image/Dockerfile")
  .replaceAll(/^#.*\n/gm, "")
  .replaceAll(/\\\n/g, " ")
  .split("\n")
  .filter((line) => line.trim() !== "")
  .map((line) => ({ name: line.split(" ")[0] ?? "", rest: line.slice(line.indexOf(" ") + 1) }));
const FROMS = INSTRUCTIONS.flatMap(({ name }, index) => (name === "FROM" ? [index] : []));
const SERVICES = ["api", "worker"] as const;
type ServiceName = (typeof SERVICES)[number];
/** Of each stage its own instructions, by its name. */
const STAGES = new Map(
  FROMS.map((from, n) => [
    / AS (\w+)$/.exec(INSTRUCTIONS[from]?.rest ?? "")?.[1] ?? "",
    INSTRUCTIONS.slice(from, FROMS[n + 1]),
  ]),
);
/** What an image is made of: what both have, and its own. */
const finalOf = (service: ServiceName): typeof INSTRUCTIONS => [
  ...(STAGES.get("service") ?? []),
  ...(STAGES.get(service) ?? []),
];

/** The base image of a stage, which may be a stage before it. */
function baseOf(from: string): string {
  const stages = FROMS.map((index) => INSTRUCTIONS[index]?.rest ?? "");
  const stage = stages.find((one) => one.endsWith(` AS ${from.split(" ")[0]}`));
  return stage === undefined ? from : baseOf(stage);
}

function only(service: ServiceName, name: string): string {
  const found = finalOf(service).filter((instruction) => instruction.name === name);
  assert.equal(found.length, 1, `one ${name} in the image of the ${service}`);
  return found[0]?.rest ?? "";
}

const commandOf = (service: ServiceName): string[] => JSON.parse(only(service, "CMD")) as string[];
const USER_ID = Number(only("api", "USER").split(":")[0]);

test("every base image is named by a digest that whoever builds has to give", () => {
  assert.deepEqual([...STAGES.keys()], ["run", "build", "service", "worker", "api"]);
  for (const index of FROMS) {
    const digest = /^\S+@\$\{(\w+)\}(?: AS \w+)?$/.exec(baseOf(INSTRUCTIONS[index]?.rest ?? ""))?.[1];
    assert.ok(digest, INSTRUCTIONS[index]?.rest);
    const given = INSTRUCTIONS.slice(0, FROMS[0]).filter(({ name, rest }) => name === "ARG" && rest === digest);
    assert.equal(given.length, 1, `ARG ${digest} stands before the first FROM and has no default`);
  }
});

test("an image is a bundle on distroless: nothing runs in it, nothing else comes in, root it is not", () => {
  const allowed = ["FROM", "WORKDIR", "COPY", "ENV", "USER", "CMD"];
  for (const service of SERVICES) {
    const final = finalOf(service);
    assert.match(baseOf(STAGES.get(service)?.[0]?.rest ?? ""), /^gcr\.io\/distroless\/nodejs24-debian13@/);
    assert.deepEqual(
      final.filter(({ name }) => !allowed.includes(name)),
      [],
    );
    const copied = final.filter(({ name }) => name === "COPY").map(({ rest }) => rest);
    // The process cannot change what it runs.
    assert.deepEqual(copied, [`--from=build --chown=0:0 --chmod=0444 /out/images/${service}/* ./`]);
    assert.match(only(service, "USER"), /^[1-9]\d*:[1-9]\d*$/);
  }
  for (const { rest } of INSTRUCTIONS.filter(({ name }) => name === "ENV" || name === "ARG")) {
    assert.doesNotMatch(rest, /TOKEN|SECRET|PASSWORD|KEY/i);
  }
});

test("its Node is of the pinned major, and its build installs without install scripts", () => {
  const major = readText(".node-version").trim().split(".")[0];
  assert.match(baseOf("api"), new RegExp(`/nodejs${major}-`));
  const runs = INSTRUCTIONS.filter(({ name }) => name === "RUN").map(({ rest }) => JSON.parse(rest) as string[]);
  assert.deepEqual(runs[0], ["npm", "ci", "--ignore-scripts"]);
});

test("the build's context has each file that the build reads", async () => {
  const taken = readText("infra/image/Dockerfile.dockerignore").split("\n");
  const folders = taken.filter((line) => line.startsWith("!")).map((line) => `${line.slice(1)}/`);
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["infra/image/build.mjs", "infra/image/code-cache.mjs"],
    outdir: "none",
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  const read = Object.keys(metafile.inputs);
  assert.ok(read.includes("infra/local/google/start-google.ts"));
  assert.deepEqual(
    read.filter((path) => !folders.some((folder) => path.startsWith(folder))),
    [],
  );
});

let built: string;
let remove: () => Promise<void>;
before(async () => {
  const keep = (done: () => Promise<void>): void => {
    remove = done;
  };
  ({ folder: built } = await buildBundles({ after: keep }, "--images"));
  await compileBundles(built);
});
after(() => remove());

test("Node runs a service by the same options in the image, under npm start and by itself", () => {
  const { scripts } = JSON.parse(readText("package.json")) as { scripts: Record<string, string> };
  for (const service of SERVICES) {
    const flags = NODE_FLAGS[service];
    const command = ["--permission", "--allow-fs-read=*", ...flags, "start.cjs", "service.cjs"];
    assert.deepEqual(commandOf(service), command);
    const settings = finalOf(service).filter(({ name }) => name === "ENV");
    const environment = Object.fromEntries(settings.map(({ rest }) => rest.split("=")));
    assert.deepEqual(environment, { NODE_ENV: "production", ...MALLOC_SETTINGS });
    assert.equal(scripts[`start:${service}`], ["node", ...flags, `services/${service}/src/main.ts`].join(" "));
  }
});

test("V8 takes the compiled code with the options that the image gives it, and asks for no leave to write", async (t) => {
  const { folder, node } = await stage(t);
  const ask = `
    const cache = require("node:fs").readFileSync("service.cjs.cache");
    const { script } = require("./start.cjs").load("service.cjs", cache);
    console.log(script.cachedDataRejected, cache.length > 1_000_000);`;
  for (const service of SERVICES) {
    const command = commandOf(service);
    const args = [...command.slice(0, command.indexOf("start.cjs")), "--eval", ask];
    const { stdout } = await promisify(execFile)(node, args, { cwd: join(folder, service) });
    assert.equal(stdout, "false true\n", service);
  }
});

test("a start takes what Node has compiled of its own modules, and the heap has its flags again before a request comes", async (t) => {
  const { folder, node } = await stage(t);
  const cwd = join(folder, "worker");
  const cache = join(folder, "plain.cache");
  // V8 takes compiled code only under the flags that it was compiled under, and knows a text again by its length.
  const keep = `require("node:fs").writeFileSync(${JSON.stringify(cache)}, new (require("node:vm").Script)("1000").createCachedData())`;
  await promisify(execFile)(node, ["--eval", keep]);
  const probe = join(folder, "probe.cjs");
  await writeFile(
    probe,
    `const cachedData = require("node:fs").readFileSync(${JSON.stringify(cache)});
    let number = 1000;
    const isRefused = () => new (require("node:vm").Script)(String(++number), { cachedData }).cachedDataRejected;
    console.log(isRefused());
    const server = require("node:net").createServer((socket) => {
      console.log(isRefused());
      socket.destroy();
      server.close();
    });
    server.listen(0, "127.0.0.1", () => require("node:net").connect(server.address().port, "127.0.0.1"));`,
  );
  const args = commandOf("worker").map((word) => (word === "service.cjs" ? probe : word));
  const { stdout } = await promisify(execFile)(node, args, { cwd, timeout: 30_000 });
  assert.equal(stdout, "false\ntrue\n");
});

interface Stage {
  readonly folder: string;
  readonly node: string;
  /** With the folder as the only one that it may write to. It leaves there, as `<service>.json`, which of Node's modules it has loaded. */
  start(service: ServiceName, environment: Record<string, string>, writable?: string): Promise<Bundle>;
}

/** The image's folder, without the image: the bundle read-only, the Dockerfile's own command line, its user if we may be it. */
async function stage(t: TestContext): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-image-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  // The Node of the checkout may lie where that user cannot read.
  const node = join(folder, "node");
  await copyFile(process.execPath, node);
  await chmod(node, 0o555);
  for (const service of SERVICES) {
    await mkdir(join(folder, service));
    for (const name of await readdir(join(built, "images", service))) {
      await copyFile(join(built, "images", service, name), join(folder, service, name));
      await chmod(join(folder, service, name), 0o444);
    }
    await chmod(join(folder, service), 0o555);
  }
  await chmod(folder, 0o755);
  const userId = process.getuid?.() === 0 ? USER_ID : null;
  if (userId === null) t.diagnostic("not root: runs as the user of the test");
  return {
    folder,
    node,
    async start(service, environment, writable) {
      const probe = join(folder, `${service}-probe.cjs`);
      const loaded = join(writable ?? folder, `${service}.json`);
      await writeFile(
        probe,
        `process.once("exit", () => require("node:fs").writeFileSync(${JSON.stringify(loaded)}, JSON.stringify(process.moduleLoadList)))`,
      );
      const probed = writable === undefined ? [] : [`--allow-fs-write=${writable}`, "--require", probe];
      const args = [...probed, ...commandOf(service)];
      const bundle = await startBundle(join(folder, service), service, environment, { node, args, userId });
      t.after(() => bundle.stop());
      return bundle;
    },
  };
}

const BARE = { HOST: "127.0.0.1", PORT: "0", GMAIL_USER: "ada@example.com" };

test("as the image runs it, a service with its ledger in Firestore starts without writing a byte", async (t) => {
  const { folder, start } = await stage(t);
  const nowhere = {
    GOOGLE_CLOUD_PROJECT: "p",
    FIRESTORE_EMULATOR_HOST: "127.0.0.1:9",
    PUBSUB_EMULATOR_HOST: "127.0.0.1:9",
  };
  const shared = { ...BARE, ...nowhere, LEDGER_URL: "firestore:" };
  const api = await start("api", { ...shared, AUTH_MODE: "none" });
  const worker = await start("worker", { ...shared, PUSH_AUTH_MODE: "none" });
  for (const { url } of [api, worker]) {
    assert.equal((await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(10_000) })).status, 200);
  }
  await assert.rejects(start("api", { ...BARE, ...nowhere, LEDGER_URL: `sqlite:${folder}/x.db`, AUTH_MODE: "none" }));
  assert.deepEqual([await api.stop(), await worker.stop()], [0, 0]);
  const ofApi = [
    "pubsub-library.cjs",
    "pubsub-library.sbom.json",
    "sbom.json",
    "service.cjs",
    "service.cjs.cache",
    "start.cjs",
  ];
  assert.deepEqual((await readdir(join(folder, "api"))).sort(), ofApi);
  assert.deepEqual((await readdir(join(folder, "worker"))).sort(), ["doctor.mjs", "doctor.sbom.json", ...ofApi]);
});

test("as the image runs it, a POST becomes a draft with nothing writable but the ledger's folder", async (t) => {
  const { folder, start } = await stage(t);
  const state = join(folder, "state");
  await mkdir(state);
  await chmod(state, 0o777);
  const signer = await createIdTokenSigner();
  const google = await startGoogle({ statePath: ":memory:", signer });
  t.after(() => google.close());
  const pubsub = await startPubsub({ statePath: ":memory:", signer });
  t.after(() => pubsub.close());
  const push = {
    audience: "https://worker.example.test",
    serviceAccount: "push@draftmill-local.iam.gserviceaccount.com",
  };
  const shared = {
    ...google.environment(),
    ...BARE,
    LEDGER_URL: `sqlite:${join(state, "ledger.db")}`,
    PUBSUB_EMULATOR_HOST: pubsub.hostPort,
  };
  const worker = await start(
    "worker",
    {
      ...shared,
      GOOGLE_SERVICE_ACCOUNT_EMAIL: google.serviceAccount,
      GOOGLE_CERTS_ENDPOINT: pubsub.certsUrl,
      PUSH_AUDIENCE: push.audience,
      PUSH_SERVICE_ACCOUNT: push.serviceAccount,
    },
    state,
  );
  const api = await start("api", { ...shared, AUTH_MODE: "none" }, state);
  const retry = { minimumBackoff: "10s", maximumBackoff: "600s" };
  const { url: pubsubUrl } = pubsub;
  await setUpTopics({
    pubsubUrl,
    project: google.projectId,
    workerUrl: worker.url,
    push,
    maxDeliveryAttempts: 100,
    retry,
  });
  const answer = await fetch(api.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: "grace@example.com", subject: "S", message: "M" }),
    signal: AbortSignal.timeout(20_000),
  });
  assert.deepEqual(await answer.json(), { status: "ok", draft_id: google.drafts("ada@example.com")[0]?.id });
  // The client library lies beside the bundle, for those who ask for it.
  const other = await start("api", { ...shared, AUTH_MODE: "none", PUBLISH_BY: "library" }, state);
  const byLibrary = await fetch(other.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ to: "grace@example.com", subject: "By the library", message: "M" }),
    signal: AbortSignal.timeout(20_000),
  });
  assert.equal(((await byLibrary.json()) as { status: string }).status, "ok");
  assert.equal(google.drafts("ada@example.com").length, 2);
  assert.deepEqual([await other.stop(), await api.stop(), await worker.stop()], [0, 0, 0]);
  // Node's own fetch is 17 MB of memory and 40 ms of a start.
  for (const service of SERVICES) {
    const loaded = JSON.parse(await readFile(join(state, `${service}.json`), "utf8")) as readonly string[];
    assert.ok(loaded.includes("NativeModule http"), "the list is Node's");
    assert.ok(!loaded.includes("NativeModule internal/deps/undici/undici"), `${service} loads Node's own fetch`);
    // The api publishes over it; a worker that has nothing to publish has no use for it.
    assert.equal(loaded.includes("NativeModule http2"), service === "api", `${service} and HTTP/2`);
  }
});
