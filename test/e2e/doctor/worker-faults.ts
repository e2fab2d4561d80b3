import type { SandboxGoogle } from "@draftmill/local/google/start-google.ts";
import { MAILBOX, PROJECT } from "./doctor-halves.ts";

/** One thing wrong with the worker's side, which probe catches it, and what its remedy has to name. */
export interface WorkerFault {
  breakIt(google: SandboxGoogle): void;
  mend(google: SandboxGoogle): void;
  readonly probe: string;
  readonly as?: "warning" | "cannot-tell";
  readonly names: string;
  readonly args?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

const WORKER = `draftmill-worker@${PROJECT}.iam.gserviceaccount.com`;
const COMPOSE = "https://www.googleapis.com/auth/gmail.compose";
const nothing = (): void => {};
const mendProject = (google: SandboxGoogle): void => google.cloud.mend();
const restoreUser = (google: SandboxGoogle): void => google.admin.restoreUser(MAILBOX);

export const WORKER_FAULTS: Readonly<Record<string, WorkerFault>> = {
  environmentUnusable: {
    breakIt: nothing,
    mend: nothing,
    probe: "environment",
    names: "variables of the worker",
    environment: { CLAIM_LEASE_MS: "soon" },
  },
  mailboxNotAllowed: {
    breakIt: nothing,
    mend: nothing,
    probe: "mailbox-allowed",
    names: MAILBOX,
    environment: { MAILBOXES: "@example.org" },
  },
  iamCredentialsApiDisabled: {
    breakIt: (google) => google.admin.setIamCredentialsApi(false),
    mend: (google) => google.admin.setIamCredentialsApi(true),
    probe: "signing",
    names: "gcloud services enable iamcredentials.googleapis.com",
  },
  signingDenied: {
    breakIt: (google) => google.admin.denySigning(true),
    mend: (google) => google.admin.denySigning(false),
    probe: "signing",
    names: `add-iam-policy-binding ${WORKER} --member=serviceAccount:${WORKER}`,
  },
  signerMissing: {
    breakIt: nothing,
    mend: nothing,
    probe: "signing",
    names: `nobody@${PROJECT}.iam.gserviceaccount.com`,
    environment: { GOOGLE_SERVICE_ACCOUNT_EMAIL: `nobody@${PROJECT}.iam.gserviceaccount.com` },
  },
  delegationMissing: {
    breakIt: (google) => google.admin.revokeDelegation(),
    mend: (google) => google.admin.grantDelegation([COMPOSE]),
    probe: "delegation",
    names: COMPOSE,
  },
  userMissing: {
    breakIt: (google) => google.admin.deleteUser(MAILBOX),
    mend: restoreUser,
    probe: "user",
    names: MAILBOX,
  },
  gmailOff: {
    breakIt: (google) => google.admin.disableMail(MAILBOX),
    mend: restoreUser,
    probe: "gmail",
    names: MAILBOX,
  },
  gmailApiDisabled: {
    breakIt: (google) => google.admin.setGmailApi(false),
    mend: (google) => google.admin.setGmailApi(true),
    probe: "gmail",
    names: "gcloud services enable gmail.googleapis.com --project=",
  },
  gmailDoesNotAnswer: {
    breakIt: (google) => google.faults.next("getProfile", 1, { kind: "drop" }),
    mend: nothing,
    probe: "gmail",
    as: "cannot-tell",
    names: "Run it again",
  },
  draftRefused: {
    breakIt: (google) => google.faults.next("drafts.create", 1, { kind: "answer", error: "domainPolicy" }),
    mend: nothing,
    probe: "draft",
    names: "Admin console",
    args: ["--write"],
  },
  markerLost: {
    breakIt: (google) => google.admin.dropMarkers(true),
    mend: (google) => google.admin.dropMarkers(false),
    probe: "marker",
    names: MAILBOX,
    args: ["--live"],
  },
  topicMissing: {
    breakIt: (google) => google.cloud.breakIt("topicMissing"),
    mend: mendProject,
    probe: "publishing",
    names: `gcloud pubsub topics create draft-requests --project=${PROJECT}`,
  },
  mayNotPublish: {
    breakIt: (google) => google.cloud.breakIt("workerMayNotPublish"),
    mend: mendProject,
    probe: "publishing",
    names: `draft-requests --member=serviceAccount:${WORKER}`,
  },
  batchTopicMissing: {
    breakIt: (google) => google.cloud.breakIt("batchTopicMissing"),
    mend: mendProject,
    probe: "publishing",
    names: `gcloud pubsub topics create draft-requests-batch --project=${PROJECT}`,
  },
  ledgerUnusable: {
    breakIt: nothing,
    mend: nothing,
    probe: "ledger",
    names: WORKER,
    environment: { LEDGER_URL: "sqlite:/dev/null/ledger.db" },
  },
  delegationTooWide: {
    breakIt: (google) => google.admin.grantDelegation([COMPOSE, "https://www.googleapis.com/auth/gmail.modify"]),
    mend: (google) => google.admin.grantDelegation([COMPOSE]),
    probe: "least-privilege",
    as: "warning",
    names: COMPOSE,
    args: ["--strict"],
  },
};
