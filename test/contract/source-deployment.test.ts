import assert from "node:assert/strict";
import { test } from "node:test";
import { readApiConfig } from "@draftmill/api/config.ts";
import { readWorkerConfig } from "@draftmill/worker/config.ts";
import { readText, shellCommands } from "../support/readme.ts";
import { readManifest } from "../support/repository.ts";

const SERVICES = ["worker", "api"] as const;

/** The options of the document's two commands, by service. */
const DEPLOYED = new Map(
  shellCommands(readText("infra/docs/deploy.md")).flatMap(({ command }) => {
    const [, service = "", rest = ""] = /^gcloud run deploy draftmill-(\w+) (.*)$/.exec(command) ?? [];
    const text = rest.replaceAll("$PROJECT", "my-project").replaceAll("$REGION", "europe-west1");
    const options = [...text.matchAll(/--([\w-]+)(?:=((?:'[^']*'|\S)+))?/g)].map(
      ([, name = "", value = ""]) => [name, value.replaceAll("'", "")] as const,
    );
    return service === "" ? [] : [[service, new Map(options)] as const];
  }),
);

function pairs(list: string | undefined): Readonly<Record<string, string>> {
  const entries = (list ?? "")
    .split(",")
    .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
  return Object.fromEntries(entries);
}

test("a buildpack that deploys from source builds, keeps and starts what the document says", () => {
  assert.deepEqual([...DEPLOYED.keys()], SERVICES);
  const { scripts = {}, devDependencies = {} } = readManifest("package.json");
  // What it runs after the installation, and why it prunes then: the bundles need nothing of node_modules.
  assert.equal(scripts.build, "node infra/image/build.mjs && node infra/image/code-cache.mjs");
  assert.equal(scripts["gcp-build"], undefined, "it would be run in place of build");
  assert.ok(devDependencies.esbuild);
  for (const service of SERVICES) {
    const variables = pairs(DEPLOYED.get(service)?.get("set-build-env-vars"));
    assert.equal(variables.GOOGLE_ENTRYPOINT, `node dist/start.cjs dist/${service}.cjs`);
    assert.equal(variables.GOOGLE_NODEJS_VERSION, readText(".node-version").trim());
  }
});

test("each service starts from the environment that the document gives it, closed to strangers", () => {
  const environment = (service: string) => pairs(DEPLOYED.get(service)?.get("set-env-vars"));
  const api = readApiConfig({ ...environment("api"), K_SERVICE: "draftmill-api" });
  const worker = readWorkerConfig(environment("worker"));
  assert.equal(api.env.LEDGER_URL, worker.env.LEDGER_URL);
  const mounted = pairs(DEPLOYED.get("api")?.get("set-secrets"));
  assert.ok(Object.hasOwn(mounted, api.env.CALLERS_FILE ?? ""));
  for (const [service, audience] of [
    ["api", api.env.AUTH_AUDIENCE?.[0]],
    ["worker", worker.pushIdentity?.audience],
  ] as const) {
    assert.equal(DEPLOYED.get(service)?.get("add-custom-audiences"), audience);
    assert.ok(DEPLOYED.get(service)?.has("no-allow-unauthenticated"), service);
  }
  assert.equal(DEPLOYED.get("worker")?.get("ingress"), "internal");
  assert.equal(DEPLOYED.get("worker")?.get("timeout"), "600");
});

test("the steps of the document add up to what it says, which is under an hour", () => {
  const document = readText("infra/docs/deploy.md");
  const steps = [...document.matchAll(/^## (\d+)\. .*\((\d+) minutes/gm)];
  assert.deepEqual(
    steps.map(([, step]) => Number(step)),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
  const minutes = steps.reduce((sum, [, , count]) => sum + Number(count), 0);
  assert.ok(document.includes(`${minutes} minutes by the times below`), `${minutes}`);
  assert.ok(minutes < 60);
});
