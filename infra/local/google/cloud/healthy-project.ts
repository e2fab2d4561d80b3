/** Every resource of the project by its API and path, as the API answers it; policies under `:getIamPolicy`. */
export type Resources = Map<string, object>;

export interface ProjectNames {
  readonly project: string;
  readonly number: string;
  readonly region: string;
  readonly prefix: string;
  /** The accounts' addresses. */
  readonly worker: string;
  readonly api: string;
  readonly push: string;
  readonly nowMs: number;
}

export const ENABLED_APIS = [
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
  "orgpolicy.googleapis.com",
] as const;

export const DATABASE = "draftmill";
const SEVEN_DAYS = "604800s";
const THIRTY_ONE_DAYS = "2678400s";

/** A project in which Draftmill is deployed as its Terraform does it, with nothing wrong. */
export function healthyProject(names: ProjectNames): Resources {
  return new Map([
    ...identityResources(names),
    ...runResources(names),
    ...pubsubResources(names),
    ...firestoreResources(names),
    ...watchResources(names),
  ]);
}

export function urlOf({ prefix, number, region }: ProjectNames, service: string): string {
  return `https://${prefix}-${service}-${number}.${region}.run.app`;
}

export function audienceOf({ prefix, project }: ProjectNames): string {
  return `https://${prefix}-worker.${project}.internal`;
}

export function agentOf({ number }: ProjectNames): string {
  return `serviceAccount:service-${number}@gcp-sa-pubsub.iam.gserviceaccount.com`;
}

export function signerRole({ project, prefix }: ProjectNames): string {
  return `projects/${project}/roles/${prefix.replaceAll("-", "_")}_jwt_signer`;
}

type Entries = readonly (readonly [string, object])[];

const ETAG = "BwYxG1Zq3xk=";

export function policy(...bindings: readonly (readonly [role: string, ...members: string[]])[]): object {
  return { version: 1, etag: ETAG, bindings: bindings.map(([role, ...members]) => ({ role, members })) };
}

function identityResources(names: ProjectNames): Entries {
  const { project, number, worker, api, push } = names;
  const account = (email: string, digits: string): readonly [string, object] => [
    `iam.googleapis.com/v1/projects/${project}/serviceAccounts/${email}`,
    {
      name: `projects/${project}/serviceAccounts/${email}`,
      projectId: project,
      uniqueId: `1${digits.repeat(10)}`,
      email,
      etag: ETAG,
      oauth2ClientId: `1${digits.repeat(10)}`,
    },
  ];
  const accountPath = (email: string): string => `iam.googleapis.com/v1/projects/${project}/serviceAccounts/${email}`;
  const crm = `cloudresourcemanager.googleapis.com/v3/projects/${project}`;
  return [
    [
      crm,
      {
        name: `projects/${number}`,
        parent: "organizations/123456789012",
        projectId: project,
        state: "ACTIVE",
        displayName: project,
        createTime: "2026-01-05T08:00:00.123Z",
        etag: 'W/"1f2e3d4c5b6a7980"',
      },
    ],
    [
      `${crm}:getIamPolicy`,
      {
        ...policy(
          ["roles/owner", "user:owner@example.com"],
          ["roles/datastore.user", `serviceAccount:${api}`, `serviceAccount:${worker}`],
        ),
        auditConfigs: [
          { service: "iam.googleapis.com", auditLogConfigs: [{ logType: "DATA_READ" }, { logType: "DATA_WRITE" }] },
        ],
      },
    ],
    ...ENABLED_APIS.map((name): readonly [string, object] => [
      `serviceusage.googleapis.com/v1/projects/${project}/services/${name}`,
      { name: `projects/${number}/services/${name}`, config: { name }, state: "ENABLED", parent: `projects/${number}` },
    ]),
    account(worker, "12"),
    account(api, "34"),
    account(push, "56"),
    [`${accountPath(worker)}:getIamPolicy`, policy([signerRole(names), `serviceAccount:${worker}`])],
    [`${accountPath(push)}:getIamPolicy`, policy(["roles/iam.serviceAccountOpenIdTokenCreator", agentOf(names)])],
    [`${accountPath(worker)}/keys`, {}],
    [
      `iam.googleapis.com/v1/${signerRole(names)}`,
      {
        name: signerRole(names),
        title: "Sign JWTs",
        includedPermissions: ["iam.serviceAccounts.signJwt"],
        stage: "GA",
        etag: ETAG,
      },
    ],
    [
      `orgpolicy.googleapis.com/v2/projects/${project}/policies/iam.disableServiceAccountKeyCreation:getEffectivePolicy`,
      {
        name: `projects/${number}/policies/iam.disableServiceAccountKeyCreation`,
        spec: { rules: [{ enforce: true }] },
      },
    ],
  ];
}

function commonEnvironment({ project }: ProjectNames): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: project,
    MAILBOXES: "@example.com",
    LEDGER_URL: `firestore:${DATABASE}`,
    DRAFTS_TOPIC: "draft-requests",
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
    DEAD_LETTER_SUBSCRIPTION: "draft-requests-dead-letter-push",
  };
}

function runResources(names: ProjectNames): Entries {
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

function pubsubResources(names: ProjectNames): Entries {
  const { project, api, worker, push } = names;
  const base = `pubsub.googleapis.com/v1/projects/${project}`;
  const requests = "draft-requests";
  const letters = "draft-requests-dead-letter";
  const topicName = (name: string): string => `projects/${project}/topics/${name}`;
  const subscriptionName = (name: string): string => `projects/${project}/subscriptions/${name}`;
  const topic = (name: string, ...subscriptions: readonly string[]): Entries => [
    [`${base}/topics/${name}`, { name: topicName(name), messageRetentionDuration: SEVEN_DAYS, state: "ACTIVE" }],
    [`${base}/topics/${name}/subscriptions`, { subscriptions: subscriptions.map(subscriptionName) }],
  ];
  const pushed = (path: string) => ({
    ackDeadlineSeconds: 600,
    pushConfig: {
      pushEndpoint: `${urlOf(names, "worker")}${path}`,
      attributes: { "x-goog-version": "v1" },
      oidcToken: { serviceAccountEmail: push, audience: audienceOf(names) },
    },
    retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
  });
  const subscription = (name: string, source: string, more: object): readonly [string, object] => [
    `${base}/subscriptions/${name}`,
    {
      name: subscriptionName(name),
      topic: topicName(source),
      messageRetentionDuration: SEVEN_DAYS,
      expirationPolicy: {},
      state: "ACTIVE",
      ...more,
    },
  ];
  const publisher = "roles/pubsub.publisher";
  return [
    ...topic(requests, `${requests}-push`),
    ...topic(letters, `${letters}-push`, `${letters}-pull`),
    subscription(`${requests}-push`, requests, {
      ...pushed("/push"),
      enableMessageOrdering: true,
      deadLetterPolicy: { deadLetterTopic: topicName(letters), maxDeliveryAttempts: 100 },
    }),
    subscription(`${letters}-push`, letters, {
      ...pushed("/dead-letters"),
      messageRetentionDuration: THIRTY_ONE_DAYS,
    }),
    subscription(`${letters}-pull`, letters, {
      ackDeadlineSeconds: 60,
      pushConfig: {},
      messageRetentionDuration: THIRTY_ONE_DAYS,
    }),
    [
      `${base}/topics/${requests}:getIamPolicy`,
      policy([publisher, `serviceAccount:${api}`, `serviceAccount:${worker}`]),
    ],
    [`${base}/topics/${letters}:getIamPolicy`, policy([publisher, `serviceAccount:${worker}`, agentOf(names)])],
    [`${base}/subscriptions/${requests}-push:getIamPolicy`, policy(["roles/pubsub.subscriber", agentOf(names)])],
  ];
}

/** As shared/src/ledger/README.md has them made. */
const INDEXES: readonly (readonly [collection: string, ...fields: string[]])[] = [
  ["drafts", "state", "created desc"],
  ["drafts", "mailbox", "created desc"],
  ["drafts", "batch", "created desc"],
  ["drafts", "code", "created desc"],
  ["drafts", "code", "mailbox", "state"],
  ["drafts", "mailbox", "code", "state"],
  ["drafts", "recipients contains", "created desc"],
  ["documents", "kind", "created desc"],
];

function firestoreResources({ project }: ProjectNames): Entries {
  const name = `projects/${project}/databases/${DATABASE}`;
  const base = `firestore.googleapis.com/v1/${name}`;
  const indexOf = (collection: string, fields: readonly string[], at: number) => ({
    name: `${name}/collectionGroups/${collection}/indexes/CICAgOjXh4EK${at}`,
    queryScope: "COLLECTION",
    fields: [...fields, "__name__"].map((field) => {
      const [fieldPath, how] = field.split(" ");
      if (how === "contains") return { fieldPath, arrayConfig: "CONTAINS" };
      return { fieldPath, order: how === "desc" ? "DESCENDING" : "ASCENDING" };
    }),
    state: "READY",
  });
  return [
    [
      base,
      {
        name,
        uid: "5d3c1a77-0000-4000-8000-6e0f5a2b9c41",
        createTime: "2026-11-01T08:00:00.123456Z",
        locationId: "eur3",
        type: "FIRESTORE_NATIVE",
        concurrencyMode: "OPTIMISTIC",
        deleteProtectionState: "DELETE_PROTECTION_ENABLED",
        etag: "IPHJ1sfHqocDMNCM5MbHqocD",
      },
    ],
    ...["drafts", "documents"].flatMap(
      (collection): Entries => [
        [
          `${base}/collectionGroups/${collection}/fields/expireAt`,
          {
            name: `${name}/collectionGroups/${collection}/fields/expireAt`,
            indexConfig: {},
            ttlConfig: { state: "ACTIVE" },
          },
        ],
        [
          `${base}/collectionGroups/${collection}/indexes`,
          {
            indexes: INDEXES.filter(([of]) => of === collection).map(([of, ...fields], at) => indexOf(of, fields, at)),
          },
        ],
      ],
    ),
  ];
}

function watchResources({ project, prefix }: ProjectNames): Entries {
  const base = `monitoring.googleapis.com/v3/projects/${project}`;
  return [
    [
      `${base}/alertPolicies`,
      {
        alertPolicies: [
          {
            name: `projects/${project}/alertPolicies/1234567890123456789`,
            displayName: `${prefix}: dead letters`,
            combiner: "OR",
            enabled: true,
            notificationChannels: [`projects/${project}/notificationChannels/9876543210987654321`],
          },
        ],
        totalSize: 1,
      },
    ],
    [`${base}/timeSeries/oldest_unacked_message_age`, series("oldest_unacked_message_age", "draft-requests-push", 2)],
    [
      `${base}/timeSeries/num_undelivered_messages`,
      series("num_undelivered_messages", "draft-requests-dead-letter-push", 0),
    ],
    [`logging.googleapis.com/v2/entries:list`, {}],
  ];
}

/** One figure, as timeSeries.list answers it. */
export function series(metric: string, subscription: string, value: number): object {
  return {
    timeSeries: [
      {
        metric: { type: `pubsub.googleapis.com/subscription/${metric}` },
        resource: { type: "pubsub_subscription", labels: { subscription_id: subscription } },
        metricKind: "GAUGE",
        valueType: "INT64",
        points: [
          {
            interval: { startTime: "2026-11-01T08:00:00Z", endTime: "2026-11-01T08:00:00Z" },
            value: { int64Value: String(value) },
          },
        ],
      },
    ],
    unit: "1",
  };
}
