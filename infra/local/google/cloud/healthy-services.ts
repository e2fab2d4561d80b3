import { audienceOf, DATABASE, type Entries, type ProjectNames, policy, urlOf } from "./project-names.ts";

function commonEnvironment({ project }: ProjectNames): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: project,
    MAILBOXES: "@example.com",
    LEDGER_URL: `firestore:${DATABASE}`,
    DRAFTS_TOPIC: "draft-requests",
    BATCH_TOPIC: "draft-requests-batch",
  };
}

export function apiEnvironment(names: ProjectNames): Record<string, string> {
  return {
    ...commonEnvironment(names),
    AUTH_MODE: "iam",
    AUTH_AUDIENCE: urlOf(names, "api"),
    CALLERS_FILE: "/etc/draftmill/callers.json",
  };
}

export function workerEnvironment(names: ProjectNames): Record<string, string> {
  return {
    ...commonEnvironment(names),
    GOOGLE_SERVICE_ACCOUNT_EMAIL: names.worker,
    PUSH_AUDIENCE: audienceOf(names),
    PUSH_SERVICE_ACCOUNT: names.push,
    DEAD_LETTER_TOPIC: "draft-requests-dead-letter",
    DRAFTS_SUBSCRIPTION: "draft-requests-push",
    BATCH_SUBSCRIPTION: "draft-requests-batch-push",
    DEAD_LETTER_SUBSCRIPTION: "draft-requests-dead-letter-push",
  };
}

export function runResources(names: ProjectNames): Entries {
  const { project, region, prefix, worker, api, push } = names;
  const base = `run.googleapis.com/v2/projects/${project}/locations/${region}`;
  const ready = {
    generation: "3",
    observedGeneration: "3",
    terminalCondition: {
      type: "Ready",
      state: "CONDITION_SUCCEEDED",
      lastTransitionTime: "2026-11-01T08:00:00.000000Z",
    },
    launchStage: "GA",
  };
  const variables = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => ({ name, value }));
  const service = (
    name: string,
    serviceAccount: string,
    timeout: string,
    env: Readonly<Record<string, string>>,
    more: object,
  ): readonly [string, object] => [
    `${base}/services/${prefix}-${name}`,
    {
      name: `projects/${project}/locations/${region}/services/${prefix}-${name}`,
      ...ready,
      template: {
        serviceAccount,
        timeout,
        executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
        containers: [
          { image: imageOf(names, name), env: variables(env), ports: [{ name: "http1", containerPort: 8080 }] },
        ],
      },
      uri: urlOf(names, name),
      urls: [urlOf(names, name)],
      ...more,
    },
  ];
  return [
    service("api", api, "900s", apiEnvironment(names), { ingress: "INGRESS_TRAFFIC_ALL" }),
    service("worker", worker, "600s", workerEnvironment(names), {
      ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY",
      customAudiences: [audienceOf(names)],
    }),
    [`${base}/services/${prefix}-api:getIamPolicy`, policy(["roles/run.invoker", "group:sales@example.com"])],
    [`${base}/services/${prefix}-worker:getIamPolicy`, policy(["roles/run.invoker", `serviceAccount:${push}`])],
    [
      `${base}/jobs/${prefix}-doctor`,
      {
        name: `projects/${project}/locations/${region}/jobs/${prefix}-doctor`,
        ...ready,
        template: {
          taskCount: 1,
          template: {
            containers: [
              { image: imageOf(names, "worker"), args: ["doctor.mjs"], env: variables(workerEnvironment(names)) },
            ],
            maxRetries: 0,
            timeout: "300s",
            serviceAccount: worker,
          },
        },
      },
    ],
    [
      `cloudscheduler.googleapis.com/v1/projects/${project}/locations/${region}/jobs/${prefix}-sweep`,
      {
        name: `projects/${project}/locations/${region}/jobs/${prefix}-sweep`,
        httpTarget: {
          uri: `${urlOf(names, "worker")}/sweep`,
          httpMethod: "POST",
          oidcToken: { serviceAccountEmail: push, audience: audienceOf(names) },
        },
        userUpdateTime: "2026-11-01T08:00:00Z",
        state: "ENABLED",
        schedule: "* * * * *",
        timeZone: "Etc/UTC",
        attemptDeadline: "60s",
      },
    ],
  ];
}

function imageOf({ region, project, prefix }: ProjectNames, service: string): string {
  return `${region}-docker.pkg.dev/${project}/${prefix}/${service}@sha256:${"0".repeat(64)}`;
}
