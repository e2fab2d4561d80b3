import type { ProjectFaultName } from "@draftmill/local/google/cloud/project-faults.ts";
import { PROJECT } from "./doctor-halves.ts";

/** Which probe catches a fault, and what its remedy has to name. */
export interface Caught {
  readonly probe: string;
  readonly as?: "warning";
  readonly names: string;
  /** That the remedy grants. */
  readonly grants?: string;
}

const WORKER = `draftmill-worker@${PROJECT}.iam.gserviceaccount.com`;
const API = `draftmill-api@${PROJECT}.iam.gserviceaccount.com`;
const PUSH = `draftmill-push@${PROJECT}.iam.gserviceaccount.com`;
const AGENT = "@gcp-sa-pubsub.iam.gserviceaccount.com";

/** Every fault of the sandbox's project. */
export const OPERATOR_FAULTS: Readonly<Record<ProjectFaultName, Caught>> = {
  projectMissing: { probe: "project", names: "gcloud projects list" },
  projectDeleted: { probe: "project", names: `gcloud projects undelete ${PROJECT}` },
  gmailApiDisabled: { probe: "apis", names: `gcloud services enable gmail.googleapis.com --project=${PROJECT}` },
  pubsubApiDisabled: { probe: "apis", names: `gcloud services enable pubsub.googleapis.com --project=${PROJECT}` },
  workerAccountMissing: { probe: "accounts", names: WORKER },
  pushAccountDisabled: { probe: "accounts", names: `enable ${PUSH}` },
  signingRightMissing: {
    probe: "signing-right",
    names: `${WORKER} --member=serviceAccount:${WORKER}`,
    grants: "roles/iam.serviceAccountTokenCreator",
  },
  keyDownloaded: { probe: "keys", names: `0123456789abcdef0123456789abcdef01234567 --iam-account=${WORKER}` },
  somebodyElseSigns: { probe: "other-signers", as: "warning", names: "--member=user:mallory@example.com" },
  signaturesNotLogged: { probe: "audit", as: "warning", names: PROJECT },
  keysAllowed: { probe: "key-policy", as: "warning", names: PROJECT },
  workerMissing: { probe: "worker", names: "draftmill-worker" },
  workerNotReady: { probe: "worker", names: 'service_name="draftmill-worker"' },
  workerTimeoutShort: { probe: "worker", names: "update draftmill-worker" },
  workerOpenToInternet: { probe: "worker", names: "update draftmill-worker" },
  workerAudienceMissing: {
    probe: "worker",
    names: `--add-custom-audiences=https://draftmill-worker.${PROJECT}.internal`,
  },
  workerCalledByAnybody: { probe: "worker-invokers", names: "draftmill-worker --region=europe-west1" },
  pushMayNotInvoke: { probe: "worker-invokers", names: PUSH, grants: "roles/run.invoker" },
  apiMissing: { probe: "api", names: "draftmill-api" },
  apiCalledByAnybody: { probe: "auth-mode", names: "update draftmill-api" },
  doctorJobMissing: { probe: "doctor-job", names: "draftmill-doctor" },
  doctorJobAsAnother: { probe: "doctor-job", names: `--service-account=${WORKER}` },
  topicMissing: { probe: "topic", names: "create draft-requests " },
  workerMayNotPublish: {
    probe: "publishers",
    names: `draft-requests --member=serviceAccount:${WORKER}`,
    grants: "roles/pubsub.publisher",
  },
  subscriptionMissing: { probe: "subscription", names: "draft-requests-push" },
  subscriptionCutOff: { probe: "subscription", names: "draft-requests-push" },
  subscriptionExpires: { probe: "subscription", names: "update draft-requests-push" },
  ackDeadlineShort: { probe: "subscription", names: "update draft-requests-push" },
  pushedElsewhere: { probe: "subscription", names: "--push-endpoint=https://draftmill-worker-" },
  pushAudienceWrong: {
    probe: "subscription",
    names: `--push-auth-token-audience=https://draftmill-worker.${PROJECT}.internal`,
  },
  retryPolicyMissing: { probe: "subscription", names: "update draft-requests-push" },
  deadLetterPolicyMissing: { probe: "subscription", names: "--dead-letter-topic=draft-requests-dead-letter" },
  orderingOff: { probe: "ordering", as: "warning", names: "draft-requests-push" },
  agentMayNotMint: {
    probe: "push-token",
    names: `${PUSH} --member=serviceAccount:service-`,
    grants: "roles/iam.serviceAccountOpenIdTokenCreator",
  },
  deadLetterTopicMissing: { probe: "dead-letter-topic", names: "create draft-requests-dead-letter " },
  deadLettersNotKept: { probe: "dead-letter-topic", names: "--topic=draft-requests-dead-letter" },
  deadLettersNotPushed: { probe: "dead-letter-push", names: "update draft-requests-dead-letter-push" },
  agentMayNotWriteDeadLetters: { probe: "dead-letter-rights", names: AGENT, grants: "roles/pubsub.publisher" },
  agentMayNotAcknowledge: {
    probe: "dead-letter-rights",
    names: "draft-requests-push --member=serviceAccount:service-",
    grants: "roles/pubsub.subscriber",
  },
  sweepMissing: { probe: "sweep", names: "draftmill-sweep" },
  sweepPaused: { probe: "sweep", names: "resume draftmill-sweep" },
  ledgerMissing: { probe: "ledger", names: "the database draftmill" },
  ledgerInDatastoreMode: { probe: "ledger", names: "--database='draftmill'" },
  indexMissing: { probe: "ledger-indexes", names: "--collection-group=documents --database='draftmill'" },
  expiryOff: { probe: "ledger-indexes", names: "--collection-group=drafts --database='draftmill'" },
  workerMayNotWriteLedger: { probe: "ledger-rights", names: WORKER, grants: "roles/datastore.user" },
  noAlertChannel: { probe: "alerts", as: "warning", names: "draftmill" },
  deadLettersWait: { probe: "backlog", names: "draft-requests-dead-letter-push" },
  incidentOpened: { probe: "incidents", names: 'service_name="draftmill-worker"' },
  apiVerifiesWhatIsRemoved: { probe: "auth-mode", names: "update draftmill-api" },
  apiAsksNobody: { probe: "auth-mode", names: "update draftmill-api" },
  subscriptionOfAnotherTopic: { probe: "subscription", names: "draft-requests-push" },
  workerMayNotWriteDeadLetters: {
    probe: "dead-letter-rights",
    names: `draft-requests-dead-letter --member=serviceAccount:${WORKER}`,
    grants: "roles/pubsub.publisher",
  },
  eventsTopicMissing: { probe: "topic", names: "create draft-events " },
  deadLetterSubscriptionMissing: { probe: "dead-letter-push", names: "draft-requests-dead-letter-push" },
  sweepElsewhere: { probe: "sweep", names: "draftmill-sweep --location=europe-west1" },
  sweepAsAnother: { probe: "sweep", names: `--oidc-service-account-email=${PUSH}` },
  ledgersDiffer: { probe: "ledger", names: "update draftmill-api" },
  requestsWait: { probe: "backlog", names: "describe draft-requests-push" },
  somebodyElseSignsAsIt: {
    probe: "other-signers",
    as: "warning",
    names: "--member='deleted:user:mallory@example.com?uid=123456789012345678901'",
  },
  mailboxesDiffer: { probe: "mailboxes", names: "update draftmill-worker" },
  callersFileUnset: { probe: "callers", names: "update draftmill-api" },
  ledgerInAFile: { probe: "ledger", names: "update draftmill-worker" },
  apiMayNotPublish: {
    probe: "publishers",
    names: `draft-requests --member=serviceAccount:${API}`,
    grants: "roles/pubsub.publisher",
  },
  batchTopicMissing: { probe: "topic", names: "create draft-requests-batch " },
  workerMayNotPublishBatches: {
    probe: "publishers",
    names: `draft-requests-batch --member=serviceAccount:${WORKER}`,
    grants: "roles/pubsub.publisher",
  },
  batchSubscriptionMissing: { probe: "subscription", names: "draft-requests-batch-push" },
  batchesPushedElsewhere: { probe: "subscription", names: "update draft-requests-batch-push" },
  batchesOfNoWorker: {
    probe: "subscription",
    names: "BATCH_TOPIC=draft-requests-batch,BATCH_SUBSCRIPTION=draft-requests-batch-push",
  },
  batchOrderingOff: { probe: "ordering", as: "warning", names: "draft-requests-batch-push" },
  batchesNeverGivenUp: {
    probe: "dead-letter-rights",
    names: "draft-requests-batch-push --member=serviceAccount:service-",
    grants: "roles/pubsub.subscriber",
  },
  batchesWait: { probe: "backlog", names: "describe draft-requests-batch-push" },
};
