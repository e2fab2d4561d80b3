/**
 * Checks infra/terraform as Terraform sees it, with no cloud, no download and no credentials: `npm run terraform`. Terraform itself
 * must be on the machine; what can be told without it, test/contract/terraform-text.test.ts tells everywhere.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { parseCallers } from "@draftmill/api/callers/parse-callers.ts";
import { readApiConfig } from "@draftmill/api/config.ts";
import { healthyProject } from "@draftmill/local/google/cloud/healthy-project.ts";
import { apiEnvironment, workerEnvironment } from "@draftmill/local/google/cloud/healthy-services.ts";
import { ENABLED_APIS } from "@draftmill/local/google/cloud/project-names.ts";
import { readWorkerConfig } from "@draftmill/worker/config.ts";
import { parse } from "yaml";
import { unknownFields } from "../support/api-messages.ts";
import { findGcloud } from "../support/gcloud.ts";
import { ROOT } from "../support/readme.ts";
import { asTheApi, differences } from "./as-the-api.ts";
import { GRANTS } from "./grants.ts";
import type { ProviderSchema } from "./provider-schema.ts";
import { FULL_SETTINGS } from "./settings.ts";
import { openWorkspace, type Plan, type Workspace } from "./workspace.ts";

const REQUESTS = ['requests["draft-requests-push"]', 'requests["draft-requests-batch-push"]'];

let workspace: Workspace;
let plan: Plan;
before(async () => {
  workspace = await openWorkspace();
  const { code, output } = await workspace.terraform("init", "-input=false", "-no-color");
  assert.equal(code, 0, output);
  plan = await workspace.plan(FULL_SETTINGS);
});
after(() => workspace?.close());

test("it is formatted and valid", async () => {
  for (const command of [
    ["fmt", "-check", "-recursive", "-diff"],
    ["validate", "-no-color"],
  ]) {
    const { code, output } = await workspace.terraform(...command);
    assert.equal(code, 0, output);
  }
});

test("its own tests pass", async (t) => {
  const { code, output } = await workspace.terraform("test", "-no-color");
  assert.equal(code, 0, output);
  t.diagnostic(/Success! .*/.exec(output)?.[0] ?? "");
});

test("the first plan, without images, makes nothing that runs or is pushed to; the second plan adds just that", async (t) => {
  const { images: _, ...withoutImages } = FULL_SETTINGS;
  const first = await workspace.plan(withoutImages);
  const added = [...plan.resources.keys()].filter((address) => !first.resources.has(address));
  assert.deepEqual(
    [...first.resources.keys()].filter((address) => !plan.resources.has(address)),
    [],
  );
  const kinds = new Set(added.map((address) => address.replace(/\..*/, "")));
  assert.deepEqual([...kinds].sort(), [
    "google_cloud_run_v2_job",
    "google_cloud_run_v2_service",
    "google_cloud_run_v2_service_iam_member",
    "google_cloud_scheduler_job",
    "google_monitoring_alert_policy",
    "google_monitoring_dashboard",
  ]);
  for (const name of [...REQUESTS, "dead_letters", "dead_letters_kept"]) {
    assert.deepEqual(first.resources.get(`google_pubsub_subscription.${name}`)?.values.push_config, [], name);
  }
  t.diagnostic(`${first.resources.size} resources without images, ${plan.resources.size} with them`);
});

test("the example of deploy.md plans as deploy.md says, before the images and with them", async () => {
  const document = await readFile(`${ROOT}infra/docs/deploy.md`, "utf8");
  const [, example = ""] = /```hcl\n(project_id[\s\S]*?)```/.exec(document) ?? [];
  const before = (await workspace.plan(example)).resources.size;
  const { api, worker } = FULL_SETTINGS.images;
  const added =
    (await workspace.plan(`${example}images = { api = "${api}", worker = "${worker}" }`)).resources.size - before;
  const told = [...document.matchAll(/`Plan: (\d+) to add/g)].map(([, count]) => Number(count));
  assert.deepEqual(told, [before, added]);
  // The first draft of the document is one that its own settings allow.
  const [, mailbox = "", caller = ""] =
    /"mailbox":"([^"]+)"[\s\S]*?--impersonate-service-account=(\S+)/.exec(document) ?? [];
  const entry = new RegExp(`caller = "${caller.replaceAll(".", "\\.")}"[^\\n]*mailboxes = \\[([^\\]]*)\\]`).exec(
    example,
  )?.[1];
  assert.ok(
    entry?.includes(`"${mailbox}"`) && example.includes(`mailboxes    = ["${mailbox}"`),
    `${caller}, ${mailbox}`,
  );
});

/** The environment of a container as Cloud Run would set it. */
function environmentOf(address: string): Record<string, string> {
  const planned = plan.resources.get(address);
  assert.ok(planned, address);
  const [template] = planned.values.template as [{ template?: [unknown]; containers?: unknown }];
  const { containers } = (template.template?.[0] ?? template) as {
    containers: [{ env: { name: string; value: string }[] }];
  };
  return Object.fromEntries(containers[0].env.map(({ name, value }) => [name, value]));
}

test("the services start from the environment that they are given", () => {
  const api = readApiConfig({ ...environmentOf("google_cloud_run_v2_service.api[0]"), K_SERVICE: "draftmill-api" });
  assert.equal(api.callers.mode, "iam");
  const { env, project, pushIdentity, subscriptions } = readWorkerConfig(
    environmentOf("google_cloud_run_v2_service.worker[0]"),
  );
  assert.equal(project, "my-project");
  assert.equal(env.LEDGER_URL, "firestore:draftmill");
  assert.equal(env.GOOGLE_SERVICE_ACCOUNT_EMAIL, "draftmill-worker@my-project.iam.gserviceaccount.com");
  assert.equal(pushIdentity?.serviceAccount, "draftmill-push@my-project.iam.gserviceaccount.com");
  assert.deepEqual(subscriptions, {
    drafts: REQUESTS.map(fullName),
    deadLetters: [fullName("dead_letters")],
  });
  assert.deepEqual(
    environmentOf("google_cloud_run_v2_job.doctor[0]"),
    environmentOf("google_cloud_run_v2_service.worker[0]"),
    "the doctor looks at what the worker sees",
  );
});

function fullName(subscription: string): string {
  return `projects/my-project/subscriptions/${String(planned(`google_pubsub_subscription.${subscription}`).name)}`;
}

function planned(address: string): Readonly<Record<string, unknown>> {
  const found = plan.resources.get(address);
  assert.ok(found, address);
  return found.values;
}

test("the policy of callers is one that the api takes", () => {
  const policy = String(planned("google_secret_manager_secret_version.callers").secret_data);
  const parsed = parseCallers(Buffer.from(policy));
  assert.ok(parsed.ok, JSON.stringify(parsed));
});

test("each grant is in the table, and none is made to everybody or for the whole project without need", () => {
  const made = [...plan.resources].filter(([, { type }]) => type.endsWith("_iam_member"));
  const granted = Object.fromEntries(
    made.map(([address, { values }]) => [
      address,
      [values.role ?? "(the custom role)", values.member ?? "(known after its pool)"],
    ]),
  );
  assert.deepEqual(granted, GRANTS);
  const other = [...plan.resources.values()].filter(({ type }) => /_iam_(binding|policy)$/.test(type));
  assert.deepEqual(other, [], "a binding or a policy takes away what others have granted");
});

/** What Google gives each resource, or what a plan knows only afterwards; environments are compared by their names. */
const NOT_PLANNED = new Set([
  ...[
    "name",
    "uri",
    "urls",
    "state",
    "generation",
    "observedGeneration",
    "terminalCondition",
    "launchStage",
    "userUpdateTime",
  ],
  ...[
    "uid",
    "etag",
    "createTime",
    "locationId",
    "topic",
    "deadLetterTopic",
    "pushEndpoint",
    "image",
    "env",
    "ports",
    "taskCount",
  ],
]);

test("what is planned is what the doctor takes for healthy", async () => {
  const names = {
    ...{ project: "my-project", number: "123456789012", region: "europe-west1", prefix: "draftmill", nowMs: 0 },
    ...{ api: accountOf("api"), worker: accountOf("worker"), push: accountOf("push") },
  };
  const healthy = healthyProject(names);
  const schema = JSON.parse(await readFile(`${import.meta.dirname}/google-schema.json`, "utf8")) as ProviderSchema;
  const run = "run.googleapis.com/v2/projects/my-project/locations/europe-west1";
  const pubsub = "pubsub.googleapis.com/v1/projects/my-project/subscriptions/draft-requests";
  const pairs: Readonly<Record<string, string>> = {
    "google_cloud_run_v2_service.api[0]": `${run}/services/draftmill-api`,
    "google_cloud_run_v2_service.worker[0]": `${run}/services/draftmill-worker`,
    "google_cloud_run_v2_job.doctor[0]": `${run}/jobs/draftmill-doctor`,
    "google_cloud_scheduler_job.sweep[0]":
      "cloudscheduler.googleapis.com/v1/projects/my-project/locations/europe-west1/jobs/draftmill-sweep",
    'google_pubsub_subscription.requests["draft-requests-push"]': `${pubsub}-push`,
    'google_pubsub_subscription.requests["draft-requests-batch-push"]': `${pubsub}-batch-push`,
    "google_pubsub_subscription.dead_letters": `${pubsub}-dead-letter-push`,
    "google_pubsub_subscription.dead_letters_kept": `${pubsub}-dead-letter-pull`,
    "google_firestore_database.ledger": "firestore.googleapis.com/v1/projects/my-project/databases/draftmill",
  };
  const found = Object.entries(pairs).flatMap(([address, path]) => {
    const type = address.replace(/\..*/, "");
    const told = asTheApi(schema.resources[type] ?? { attributes: {} }, planned(address));
    assert.ok(healthy.get(path), path);
    return differences(healthy.get(path), told, NOT_PLANNED).map((difference) => `${address}: ${difference}`);
  });
  assert.deepEqual(found, []);
  for (const [service, expected] of [
    ["api", apiEnvironment(names)],
    ["worker", workerEnvironment(names)],
  ] as const) {
    const given = environmentOf(`google_cloud_run_v2_service.${service}[0]`);
    assert.deepEqual(
      Object.keys(expected).filter((name) => !(name in given)),
      [],
      service,
    );
  }
  const enabled = [...plan.resources].filter(([, { type }]) => type === "google_project_service");
  const services = enabled.map(([, { values }]) => values.service);
  assert.deepEqual(
    ENABLED_APIS.filter((api) => !services.includes(api)),
    [],
  );
});

function accountOf(name: string): string {
  return `draftmill-${name}@my-project.iam.gserviceaccount.com`;
}

test("the dashboard and the build are messages that Google's APIs know", {
  skip: findGcloud() === null && "no gcloud on this machine",
}, async () => {
  const dashboard = JSON.parse(String(planned("google_monitoring_dashboard.draftmill[0]").dashboard_json));
  const build = parse(await readFile(`${ROOT}infra/image/cloudbuild.yaml`, "utf8"));
  const misspelt = { ...dashboard, mosaicLayout: { ...dashboard.mosaicLayout, colums: 48 } };
  const unknown = await unknownFields(findGcloud() ?? "", [
    ["monitoring", "v1", "Dashboard", dashboard],
    ["cloudbuild", "v1", "Build", build],
    ["monitoring", "v1", "Dashboard", misspelt],
  ]);
  assert.deepEqual(unknown, ["Dashboard.mosaicLayout.colums"], "the misspelt one, and no other");
});

test("a word that is misspelt anywhere, and a value that does not exist, is found", async (t) => {
  const files = (await readdir(`${ROOT}infra/terraform`)).filter((name) => name.endsWith(".tf"));
  let found = 0;
  for (const file of files) {
    const text = await readFile(`${ROOT}infra/terraform/${file}`, "utf8");
    // The last argument of the file's last resource, by which each file has one.
    const [line = "", name = ""] =
      [...text.matchAll(/^ {2,6}([a-z]\w{4,}) += [^\n]*$/gm)].findLast(
        ([whole]) => text.split(whole).length === 2 && /^(?:resource|variable|output)/m.test(text),
      ) ?? [];
    if (name === "" || file === "versions.tf") continue;
    const undo = await workspace.change(file, line, line.replace(name, `${name.slice(0, -2)}${name.slice(-1)}`));
    const { code, output } = await workspace.terraform("validate", "-no-color");
    await undo();
    assert.equal(code, 1, `${file}: ${name} without a letter went unnoticed`);
    assert.match(output, /Unsupported argument|Missing required argument|Unsupported attribute|undeclared/, line);
    found += 1;
  }
  assert.ok(found >= 10, `only ${found} files were changed`);
  const undo = await workspace.change("run.tf", '"INGRESS_TRAFFIC_INTERNAL_ONLY"', '"INGRESS_TRAFFIC_INTERNAL"');
  const { code, output } = await workspace.terraform("validate", "-no-color");
  await undo();
  assert.equal(code, 1);
  assert.match(output, /ingress is INGRESS_TRAFFIC_INTERNAL, and may be one of/);
  t.diagnostic(`${found} misspelt arguments and one impossible value, all found`);
});
