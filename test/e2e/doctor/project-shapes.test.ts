import assert from "node:assert/strict";
import { test } from "node:test";
import { healthyProject } from "@draftmill/local/google/cloud/healthy-project.ts";
import { mergePatch } from "@draftmill/local/google/cloud/merge-patch.ts";
import { type Patches, PROJECT_FAULTS } from "@draftmill/local/google/cloud/project-faults.ts";
import type { ProjectNames } from "@draftmill/local/google/cloud/project-names.ts";
import { type ApiBody, unknownFields } from "../../support/api-messages.ts";
import { findGcloud } from "../../support/gcloud.ts";
import { PROJECT } from "./doctor-halves.ts";

/** The message that Google's API answers a path with, by gcloud's names; the first that fits. */
const MESSAGES: readonly (readonly [path: RegExp, api: string, version: string, message: string])[] = [
  [/^cloudresourcemanager.*:getIamPolicy$/, "cloudresourcemanager", "v3", "Policy"],
  [/^cloudresourcemanager/, "cloudresourcemanager", "v3", "Project"],
  [/^serviceusage/, "serviceusage", "v1", "GoogleApiServiceusageV1Service"],
  [/^iam.*:getIamPolicy$/, "iam", "v1", "Policy"],
  [/^iam.*\/keys$/, "iam", "v1", "ListServiceAccountKeysResponse"],
  [/^iam.*\/roles\//, "iam", "v1", "Role"],
  [/^iam/, "iam", "v1", "ServiceAccount"],
  [/^orgpolicy/, "orgpolicy", "v2", "GoogleCloudOrgpolicyV2Policy"],
  [/^run.*:getIamPolicy$/, "run", "v2", "GoogleIamV1Policy"],
  [/^run.*\/jobs\//, "run", "v2", "GoogleCloudRunV2Job"],
  [/^run/, "run", "v2", "GoogleCloudRunV2Service"],
  [/^cloudscheduler/, "cloudscheduler", "v1", "Job"],
  [/^pubsub.*:getIamPolicy$/, "pubsub", "v1", "Policy"],
  [/^pubsub.*\/topics\/[^/]+\/subscriptions$/, "pubsub", "v1", "ListTopicSubscriptionsResponse"],
  [/^pubsub.*\/topics\//, "pubsub", "v1", "Topic"],
  [/^pubsub/, "pubsub", "v1", "Subscription"],
  [/^firestore.*\/indexes$/, "firestore", "v1", "GoogleFirestoreAdminV1ListIndexesResponse"],
  [/^firestore.*\/fields\//, "firestore", "v1", "GoogleFirestoreAdminV1Field"],
  [/^firestore/, "firestore", "v1", "GoogleFirestoreAdminV1Database"],
  [/^monitoring.*\/alertPolicies$/, "monitoring", "v3", "ListAlertPoliciesResponse"],
  [/^monitoring/, "monitoring", "v3", "ListTimeSeriesResponse"],
  [/^logging/, "logging", "v2", "ListLogEntriesResponse"],
];

const NAMES: ProjectNames = {
  project: PROJECT,
  number: "123456789012",
  region: "europe-west1",
  prefix: "draftmill",
  worker: `draftmill-worker@${PROJECT}.iam.gserviceaccount.com`,
  api: `draftmill-api@${PROJECT}.iam.gserviceaccount.com`,
  push: `draftmill-push@${PROJECT}.iam.gserviceaccount.com`,
  nowMs: Date.UTC(2026, 10, 27),
};

function bodyOf(key: string, body: unknown): ApiBody {
  const found = MESSAGES.find(([path]) => path.test(key));
  assert.ok(found, `no message for ${key}`);
  const [, api, version, message] = found;
  return [api, version, message, body];
}

test("what the sandbox shows of a project, healthy and broken, is what Google's own messages hold", {
  skip: findGcloud() === null && "no gcloud on this machine",
}, async (t) => {
  const healthy = healthyProject(NAMES);
  const broken = Object.values(PROJECT_FAULTS).flatMap((fault) => {
    const patches: Patches = fault(NAMES);
    return Object.entries(patches).flatMap(([key, patch]) => {
      assert.ok(healthy.has(key), `${key} is not there to be broken`);
      return patch === null ? [] : [bodyOf(key, mergePatch(healthy.get(key), patch))];
    });
  });
  const bodies = [...[...healthy].map(([key, body]) => bodyOf(key, body)), ...broken];
  const misspelt: ApiBody = ["pubsub", "v1", "Subscription", { pushConfig: { pushEndpont: "https://example.test" } }];
  const found = await unknownFields(findGcloud() ?? "", [...bodies, misspelt]);
  assert.deepEqual(found, ["Subscription.pushConfig.pushEndpont"], "and the misspelt one alone is found");
  t.diagnostic(`${bodies.length} bodies`);
});
