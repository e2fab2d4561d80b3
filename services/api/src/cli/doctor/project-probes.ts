import { GoogleRefused } from "@draftmill/shared/doctor/google-apis.ts";
import { at, listAt, textAt } from "@draftmill/shared/doctor/json-answer.ts";
import { NoCredentials } from "@draftmill/shared/doctor/operator-credentials.ts";
import { ok, warning, wrong } from "@draftmill/shared/doctor/probe.ts";
import type { OperatorProbe } from "./operator-context.ts";

/** Without the first two nothing is drafted; without the others something is not there. */
export const NEEDED_APIS = [
  "gmail.googleapis.com",
  "iamcredentials.googleapis.com",
  "iam.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "run.googleapis.com",
  "pubsub.googleapis.com",
  "firestore.googleapis.com",
  "cloudscheduler.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
] as const;

const identity: OperatorProbe = {
  id: "identity",
  title: "Who asks",
  needs: [],
  async run({ google }, trail) {
    const info = await google
      .ask({ api: "oauth2.googleapis.com", path: "/tokeninfo", body: {} }, trail)
      .catch((error: unknown) => error);
    if (info instanceof NoCredentials || (info instanceof GoogleRefused && info.status === 401)) {
      return wrong(info.message, ...info.remedies);
    }
    if (info instanceof Error) throw info;
    return ok(textAt(info, "email") ?? `a credential without an address (${textAt(info, "azp") ?? "unknown client"})`);
  },
};

const project: OperatorProbe = {
  id: "project",
  title: "Project",
  needs: ["identity"],
  async run({ google, project: id }, trail) {
    const call = { api: "cloudresourcemanager.googleapis.com", path: `/v3/projects/${id}` };
    const found = await google.find(call, trail).catch((error: unknown) => {
      // Of a project that does not exist Google says the same as of one that is not to be seen.
      if (error instanceof GoogleRefused && error.status === 403 && !error.isDisabled) return null;
      throw error;
    });
    if (found === null) {
      return wrong(`${id} does not exist, or whoever asks may not see it`, "gcloud projects list");
    }
    const state = textAt(found, "state");
    if (state !== "ACTIVE") return wrong(`${id} is ${state}`, `gcloud projects undelete ${id}`);
    return ok(`${id}, number ${textAt(found, "name")?.split("/")[1]}`);
  },
};

const apis: OperatorProbe = {
  id: "apis",
  title: "APIs",
  needs: ["project"],
  async run({ google, project: id }, trail) {
    const names = NEEDED_APIS.map((name) => `names=projects/${id}/services/${name}`).join("&");
    const path = `/v1/projects/${id}/services:batchGet?${names}`;
    const answer = await google.ask({ api: "serviceusage.googleapis.com", path }, trail);
    const enabled = listAt(answer, "services")
      .filter((service) => textAt(service, "state") === "ENABLED")
      .map((service) => textAt(service, "config", "name"));
    const broken = NEEDED_APIS.filter((name) => !enabled.includes(name));
    if (broken.length === 0) return ok(`all ${NEEDED_APIS.length} are enabled, Gmail's among them`);
    const remedies = broken.map((name) => `gcloud services enable ${name} --project=${id}`);
    return { status: "wrong", said: `not enabled: ${broken.join(", ")} (takes up to 5 minutes)`, remedies, broken };
  },
};

const keyPolicy: OperatorProbe = {
  id: "key-policy",
  title: "Keys for service accounts",
  needs: ["project"],
  async run({ google, project: id }, trail) {
    const path = `/v2/projects/${id}/policies/iam.disableServiceAccountKeyCreation:getEffectivePolicy`;
    const remedy = `gcloud resource-manager org-policies enable-enforce iam.disableServiceAccountKeyCreation --project=${id}`;
    try {
      const policy = await google.ask({ api: "orgpolicy.googleapis.com", path }, trail);
      if (listAt(policy, "spec", "rules").some((rule) => at(rule, "enforce") === true))
        return ok("nobody can make one");
      return warning("anybody with the right to can download one, which would act for every mailbox", remedy);
    } catch (error) {
      // Viewer may not read it, and nothing needs its API; a deployment is not in doubt for that.
      if (error instanceof GoogleRefused) return warning("whether one can be made cannot be read", remedy);
      throw error;
    }
  },
};

export const PROJECT_PROBES: readonly OperatorProbe[] = [identity, project, apis];
export const POLICY_PROBES: readonly OperatorProbe[] = [keyPolicy];
