import { figure } from "./healthy-figures.ts";
import { apiEnvironment, workerEnvironment } from "./healthy-services.ts";
import { agentOf, DATABASE, type ProjectNames, policy, signerRole, urlOf } from "./project-names.ts";

/** By a resource's API and path: an RFC 7396 patch of it, or null where it is gone. */
export type Patches = Readonly<Record<string, object | null>>;

const NOBODY = policy();

/** Each of them breaks one thing of a healthy project. */
export const PROJECT_FAULTS = {
  projectMissing: (names) => ({ [project(names)]: null }),
  projectDeleted: (names) => ({ [project(names)]: { state: "DELETE_REQUESTED" } }),
  gmailApiDisabled: (names) => ({ [enabled(names, "gmail")]: { state: "DISABLED" } }),
  pubsubApiDisabled: (names) => ({ [enabled(names, "pubsub")]: { state: "DISABLED" } }),
  workerAccountMissing: (names) => ({ [account(names, names.worker)]: null }),
  pushAccountDisabled: (names) => ({ [account(names, names.push)]: { disabled: true } }),
  signingRightMissing: (names) => ({ [`${account(names, names.worker)}:getIamPolicy`]: NOBODY }),
  keyDownloaded: (names) => ({
    [`${account(names, names.worker)}/keys`]: {
      keys: [
        {
          name: `projects/${names.project}/serviceAccounts/${names.worker}/keys/0123456789abcdef0123456789abcdef01234567`,
          keyType: "USER_MANAGED",
          keyAlgorithm: "KEY_ALG_RSA_2048",
        },
      ],
    },
  }),
  somebodyElseSigns: (names) => ({
    [`${project(names)}:getIamPolicy`]: {
      bindings: [
        ...ledgerGrants(names),
        { role: "roles/iam.serviceAccountTokenCreator", members: ["user:mallory@example.com"] },
      ],
    },
  }),
  signaturesNotLogged: (names) => ({ [`${project(names)}:getIamPolicy`]: { auditConfigs: null } }),
  keysAllowed: (names) => ({
    [`orgpolicy.googleapis.com/v2/projects/${names.project}/policies/iam.disableServiceAccountKeyCreation:getEffectivePolicy`]:
      { spec: { rules: [{ enforce: false }] } },
  }),
  workerMissing: (names) => ({ [service(names, "worker")]: null }),
  workerNotReady: (names) => ({
    [service(names, "worker")]: {
      terminalCondition: {
        state: "CONDITION_FAILED",
        reason: "REVISION_FAILED",
        message: "The user-provided container failed to start and listen on the port defined by PORT=8080.",
      },
    },
  }),
  workerTimeoutShort: (names) => ({ [service(names, "worker")]: { template: { timeout: "60s" } } }),
  workerOpenToInternet: (names) => ({ [service(names, "worker")]: { ingress: "INGRESS_TRAFFIC_ALL" } }),
  workerAudienceMissing: (names) => ({ [service(names, "worker")]: { customAudiences: null } }),
  workerCalledByAnybody: (names) => ({
    [`${service(names, "worker")}:getIamPolicy`]: policy([
      "roles/run.invoker",
      `serviceAccount:${names.push}`,
      "allUsers",
    ]),
  }),
  pushMayNotInvoke: (names) => ({ [`${service(names, "worker")}:getIamPolicy`]: NOBODY }),
  apiMissing: (names) => ({ [service(names, "api")]: null }),
  apiCalledByAnybody: (names) => ({ [service(names, "api")]: { invokerIamDisabled: true } }),
  doctorJobMissing: (names) => ({ [job(names, "run.googleapis.com/v2", "doctor")]: null }),
  doctorJobAsAnother: (names) => ({
    [job(names, "run.googleapis.com/v2", "doctor")]: { template: { template: { serviceAccount: names.api } } },
  }),
  topicMissing: (names) => ({ [topic(names, "draft-requests")]: null }),
  workerMayNotPublish: (names) => ({
    [`${topic(names, "draft-requests")}:getIamPolicy`]: policy([
      "roles/pubsub.publisher",
      `serviceAccount:${names.api}`,
    ]),
  }),
  subscriptionMissing: (names) => ({ [subscription(names, "draft-requests-push")]: null }),
  subscriptionCutOff: (names) => ({ [subscription(names, "draft-requests-push")]: { topic: "_deleted-topic_" } }),
  subscriptionExpires: (names) => ({
    [subscription(names, "draft-requests-push")]: { expirationPolicy: { ttl: "2678400s" } },
  }),
  ackDeadlineShort: (names) => ({ [subscription(names, "draft-requests-push")]: { ackDeadlineSeconds: 10 } }),
  pushedElsewhere: (names) => ({
    [subscription(names, "draft-requests-push")]: {
      pushConfig: { pushEndpoint: "https://draftmill-worker-old.example.test/push" },
    },
  }),
  pushAudienceWrong: (names) => ({
    [subscription(names, "draft-requests-push")]: { pushConfig: { oidcToken: { audience: urlOf(names, "worker") } } },
  }),
  retryPolicyMissing: (names) => ({ [subscription(names, "draft-requests-push")]: { retryPolicy: null } }),
  deadLetterPolicyMissing: (names) => ({ [subscription(names, "draft-requests-push")]: { deadLetterPolicy: null } }),
  orderingOff: (names) => ({ [subscription(names, "draft-requests-push")]: { enableMessageOrdering: null } }),
  agentMayNotMint: (names) => ({ [`${account(names, names.push)}:getIamPolicy`]: NOBODY }),
  deadLetterTopicMissing: (names) => ({ [topic(names, "draft-requests-dead-letter")]: null }),
  deadLettersNotKept: (names) => ({
    [`${topic(names, "draft-requests-dead-letter")}/subscriptions`]: {
      subscriptions: [`projects/${names.project}/subscriptions/draft-requests-dead-letter-push`],
    },
  }),
  deadLettersNotPushed: (names) => ({
    [subscription(names, "draft-requests-dead-letter-push")]: {
      pushConfig: { pushEndpoint: `${urlOf(names, "worker")}/push` },
    },
  }),
  agentMayNotWriteDeadLetters: (names) => ({
    [`${topic(names, "draft-requests-dead-letter")}:getIamPolicy`]: policy([
      "roles/pubsub.publisher",
      `serviceAccount:${names.worker}`,
    ]),
  }),
  agentMayNotAcknowledge: (names) => ({ [`${subscription(names, "draft-requests-push")}:getIamPolicy`]: NOBODY }),
  sweepMissing: (names) => ({ [job(names, "cloudscheduler.googleapis.com/v1", "sweep")]: null }),
  sweepPaused: (names) => ({ [job(names, "cloudscheduler.googleapis.com/v1", "sweep")]: { state: "PAUSED" } }),
  ledgerMissing: (names) => ({ [database(names)]: null }),
  ledgerInDatastoreMode: (names) => ({ [database(names)]: { type: "DATASTORE_MODE" } }),
  indexMissing: (names) => ({ [`${database(names)}/collectionGroups/documents/indexes`]: { indexes: null } }),
  expiryOff: (names) => ({ [`${database(names)}/collectionGroups/drafts/fields/expireAt`]: { ttlConfig: null } }),
  workerMayNotWriteLedger: (names) => ({
    [`${project(names)}:getIamPolicy`]: {
      bindings: [{ role: "roles/datastore.user", members: [`serviceAccount:${names.api}`] }],
    },
  }),
  noAlertChannel: (names) => ({
    [`monitoring.googleapis.com/v3/projects/${names.project}/alertPolicies`]: { alertPolicies: null },
  }),
  deadLettersWait: (names) =>
    Object.fromEntries([figure(names.project, "num_undelivered_messages", "draft-requests-dead-letter-push", 7)]),
  incidentOpened: (names) => ({
    "logging.googleapis.com/v2/entries:list": {
      entries: [
        {
          logName: `projects/${names.project}/logs/run.googleapis.com%2Fstdout`,
          resource: {
            type: "cloud_run_revision",
            labels: { service_name: `${names.prefix}-worker`, location: names.region },
          },
          timestamp: new Date(names.nowMs).toISOString(),
          severity: "ERROR",
          insertId: "6740a1b2000c3d4e5f60718a",
          jsonPayload: { service: "worker", message: "incident.opened", code: "DELEGATION_MISSING" },
        },
      ],
    },
  }),
  apiVerifiesWhatIsRemoved: (names) => ({
    [service(names, "api")]: withVariable(names, "api", { AUTH_MODE: "oidc" }),
  }),
  apiAsksNobody: (names) => ({ [service(names, "api")]: withVariable(names, "api", { AUTH_MODE: "none" }) }),
  subscriptionOfAnotherTopic: (names) => ({
    [subscription(names, "draft-requests-push")]: { topic: `projects/${names.project}/topics/other-requests` },
  }),
  workerMayNotWriteDeadLetters: (names) => ({
    [`${topic(names, "draft-requests-dead-letter")}:getIamPolicy`]: policy(["roles/pubsub.publisher", agentOf(names)]),
  }),
  eventsTopicMissing: (names) => ({
    [service(names, "worker")]: withVariable(names, "worker", { EVENTS_TOPIC: "draft-events" }),
  }),
  deadLetterSubscriptionMissing: (names) => ({ [subscription(names, "draft-requests-dead-letter-push")]: null }),
  sweepElsewhere: (names) => ({
    [job(names, "cloudscheduler.googleapis.com/v1", "sweep")]: {
      httpTarget: { uri: "https://draftmill-worker-old.example.test/sweep" },
    },
  }),
  sweepAsAnother: (names) => ({
    [job(names, "cloudscheduler.googleapis.com/v1", "sweep")]: {
      httpTarget: { oidcToken: { serviceAccountEmail: names.api } },
    },
  }),
  ledgersDiffer: (names) => ({
    [service(names, "api")]: withVariable(names, "api", { LEDGER_URL: "firestore:another" }),
  }),
  requestsWait: (names) =>
    Object.fromEntries([figure(names.project, "oldest_unacked_message_age", "draft-requests-push", 5_400)]),
  somebodyElseSignsAsIt: (names) => ({
    [`${account(names, names.worker)}:getIamPolicy`]: policy([
      signerRole(names),
      `serviceAccount:${names.worker}`,
      "deleted:user:mallory@example.com?uid=123456789012345678901",
    ]),
  }),
  mailboxesDiffer: (names) => ({ [service(names, "api")]: withVariable(names, "api", { MAILBOXES: "@example.org" }) }),
  callersFileUnset: (names) => ({ [service(names, "api")]: withVariable(names, "api", { CALLERS_FILE: "" }) }),
  ledgerInAFile: (names) => ({
    [service(names, "api")]: withVariable(names, "api", { LEDGER_URL: "sqlite:./data/ledger.db" }),
    [service(names, "worker")]: withVariable(names, "worker", { LEDGER_URL: "sqlite:./data/ledger.db" }),
  }),
  apiMayNotPublish: (names) => ({
    [`${topic(names, "draft-requests")}:getIamPolicy`]: policy([
      "roles/pubsub.publisher",
      `serviceAccount:${names.worker}`,
    ]),
  }),
  batchTopicMissing: (names) => ({ [topic(names, "draft-requests-batch")]: null }),
  workerMayNotPublishBatches: (names) => ({
    [`${topic(names, "draft-requests-batch")}:getIamPolicy`]: policy([
      "roles/pubsub.publisher",
      `serviceAccount:${names.api}`,
    ]),
  }),
  batchSubscriptionMissing: (names) => ({ [subscription(names, "draft-requests-batch-push")]: null }),
  batchesPushedElsewhere: (names) => ({
    [subscription(names, "draft-requests-batch-push")]: {
      pushConfig: { pushEndpoint: "https://draftmill-worker-old.example.test/push" },
    },
  }),
  batchesOfNoWorker: (names) => ({
    [service(names, "worker")]: withVariable(names, "worker", { BATCH_TOPIC: "", BATCH_SUBSCRIPTION: "" }),
  }),
  batchOrderingOff: (names) => ({
    [subscription(names, "draft-requests-batch-push")]: { enableMessageOrdering: null },
  }),
  batchesNeverGivenUp: (names) => ({
    [`${subscription(names, "draft-requests-batch-push")}:getIamPolicy`]: NOBODY,
  }),
  batchesWait: (names) =>
    Object.fromEntries([figure(names.project, "oldest_unacked_message_age", "draft-requests-batch-push", 5_400)]),
} as const satisfies Record<string, (names: ProjectNames) => Patches>;

export type ProjectFaultName = keyof typeof PROJECT_FAULTS;

/** A container with these variables in place of its own; empty ones are as good as unset. */
function withVariable(
  names: ProjectNames,
  name: "api" | "worker",
  variables: Readonly<Record<string, string>>,
): object {
  const healthy = name === "api" ? apiEnvironment(names) : workerEnvironment(names);
  const env = Object.entries({ ...healthy, ...variables }).map(([variable, value]) => ({ name: variable, value }));
  return { template: { containers: [{ env }] } };
}

function ledgerGrants({ api, worker }: ProjectNames): readonly object[] {
  return [{ role: "roles/datastore.user", members: [`serviceAccount:${api}`, `serviceAccount:${worker}`] }];
}

function project(names: ProjectNames): string {
  return `cloudresourcemanager.googleapis.com/v3/projects/${names.project}`;
}

function enabled(names: ProjectNames, api: string): string {
  return `serviceusage.googleapis.com/v1/projects/${names.project}/services/${api}.googleapis.com`;
}

function account(names: ProjectNames, email: string): string {
  return `iam.googleapis.com/v1/projects/${names.project}/serviceAccounts/${email}`;
}

function service({ project: id, region, prefix }: ProjectNames, name: string): string {
  return `run.googleapis.com/v2/projects/${id}/locations/${region}/services/${prefix}-${name}`;
}

function job({ project: id, region, prefix }: ProjectNames, api: string, name: string): string {
  return `${api}/projects/${id}/locations/${region}/jobs/${prefix}-${name}`;
}

function topic(names: ProjectNames, name: string): string {
  return `pubsub.googleapis.com/v1/projects/${names.project}/topics/${name}`;
}

function subscription(names: ProjectNames, name: string): string {
  return `pubsub.googleapis.com/v1/projects/${names.project}/subscriptions/${name}`;
}

function database(names: ProjectNames): string {
  return `firestore.googleapis.com/v1/projects/${names.project}/databases/${DATABASE}`;
}
