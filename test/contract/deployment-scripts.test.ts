import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { parseDraftRequest } from "@draftmill/shared/contract/draft-request.ts";
import { parse } from "yaml";
import { ROOT, readText } from "../support/readme.ts";

const run = promisify(execFile);
const WITHIN_MS = 20_000;

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "draftmill-scripts-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A docker that notes how it is called and knows a digest for each name. */
const DOCKER = `#!/bin/sh
echo "$*" >> "$DOCKER_LOG"
case "$1" in
  inspect) for last in "$@"; do :; done; echo "\${last%:*}@sha256:$(printf %s "$last" | sha256sum | cut -d' ' -f1)" ;;
  *) echo "noise of docker $1" ;;
esac
`;

test("the images are built on bases by digest, and what is printed is what Terraform reads", async (t) => {
  const folder = await folderOf(t);
  const log = join(folder, "log");
  await writeFile(join(folder, "docker"), DOCKER);
  await chmod(join(folder, "docker"), 0o755);
  const repository = "europe-west1-docker.pkg.dev/my-project/draftmill-images";
  const env = { PATH: `${folder}:${process.env.PATH}`, DOCKER_LOG: log };
  const { stdout } = await run("bash", [`${ROOT}infra/image/build-images.sh`, repository, "abc"], {
    env,
    timeout: WITHIN_MS,
  });
  const image = (service: string): string => `  ${service} = "${repository}/${service}@sha256:[0-9a-f]{64}"\n`;
  assert.match(stdout, new RegExp(`^images = \\{\n${image("api")}${image("worker")}\\}\n$`));
  const calls = (await readFile(log, "utf8")).split("\n");
  const builds = calls.filter((call) => call.startsWith("build "));
  assert.equal(builds.length, 2);
  for (const build of builds) {
    assert.match(build, /--build-arg NODE_DIGEST=sha256:[0-9a-f]{64} --build-arg RUN_DIGEST=sha256:[0-9a-f]{64} /);
  }
  const pulled = calls.filter((call) => call.startsWith("pull ")).map((call) => call.split(" ").at(-1));
  const node = readText(".node-version").trim();
  assert.deepEqual(pulled, [
    `docker.io/library/node:${node}-bookworm-slim`,
    "gcr.io/distroless/nodejs24-debian13:nonroot",
  ]);
  const pushed = calls.filter((call) => call.startsWith("push ")).map((call) => call.split(" ").at(-1));
  assert.deepEqual(pushed, [`${repository}/api:abc`, `${repository}/worker:abc`]);
});

interface Step {
  readonly name?: string;
  readonly run?: string;
}

/** What the deployment's step runs, in a shell as GitHub starts it. */
function stepOf(name: string): string {
  const { jobs } = parse(readText(".github/workflows/deploy.yml")) as { jobs: { deploy: { steps: readonly Step[] } } };
  const found = jobs.deploy.steps.find((step) => step.name === name)?.run;
  assert.ok(found, name);
  return found;
}

test("the deployment's last step asks for one draft, and fails when it is not made", async (t) => {
  const folder = await folderOf(t);
  let asked = { url: "", authorization: "", body: "" };
  let answer = { status: 200, body: '{"status":"ok","draft_id":"r1"}' };
  const server = createServer(async (request, response) => {
    const { url = "", headers } = request;
    asked = { url, authorization: headers.authorization ?? "", body: await text(request) };
    response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const env = {
    PATH: process.env.PATH,
    TOKEN: "a-token",
    API_URL: `http://127.0.0.1:${port}`,
    MAILBOX: "rep@corp.example",
    COMMIT: "a1b2c3",
  };
  const smoke = () => run("bash", ["-e", "-c", stepOf("Smoke")], { cwd: folder, env, timeout: WITHIN_MS });
  await smoke();
  assert.deepEqual([asked.url, asked.authorization], ["/", "Bearer a-token"]);
  const parsed = parseDraftRequest(JSON.parse(asked.body), null);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  assert.deepEqual([parsed.request.mailbox, parsed.request.dedupeKey], ["rep@corp.example", "deployed-a1b2c3"]);
  for (const failed of [
    { status: 202, body: '{"id":"d-1","status":"queued"}' },
    { status: 503, body: '{"code":"DELEGATION_MISSING"}' },
  ]) {
    answer = failed;
    await assert.rejects(smoke(), failed.body);
  }
});
