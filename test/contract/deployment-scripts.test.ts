import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import { smoke } from "@draftmill/api/cli/commands/smoke.ts";
import { parseCommandLine } from "@draftmill/api/cli/parse-command-line.ts";
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

test("the deployment proves itself by a command that there is, with options that it has", () => {
  const { jobs } = parse(readText(".github/workflows/deploy.yml")) as {
    readonly jobs: { readonly deploy: { readonly steps: readonly { name?: string; run?: string; env?: object }[] } };
  };
  const step = jobs.deploy.steps.find(({ name }) => name === "Smoke");
  const words = step?.run?.split(" ") ?? [];
  assert.deepEqual(words.slice(0, 3), ["node", "services/api/src/cli/main.ts", smoke.name]);
  const given = words.slice(3).map((word) => word.replaceAll(/["$]/g, ""));
  const { options, common } = parseCommandLine(smoke, given);
  assert.deepEqual([options.mailbox, common.url], ["MAILBOX", "DRAFTMILL_URL"]);
  const connection = readText("services/api/src/cli/connection.ts");
  for (const name of Object.keys(step?.env ?? {}))
    assert.ok(connection.includes(name) || step?.run?.includes(`$${name}`), name);
});
