/**
 * Every grant of an installation that has everything: where it is made, the role, and to whom. A grant that is not here, or
 * is here and not made, fails `npm run terraform`: whoever changes one changes this table, and a reviewer sees it.
 */
const account = (name: string): string => `serviceAccount:draftmill-${name}@my-project.iam.gserviceaccount.com`;
const PUBSUB = "serviceAccount:service-123456789012@gcp-sa-pubsub.iam.gserviceaccount.com";
const PUBLISHER = "roles/pubsub.publisher";

export const GRANTS: Readonly<Record<string, readonly [role: string, member: string]>> = {
  // What runs.
  'google_pubsub_topic_iam_member.requests_publishers["api"]': [PUBLISHER, account("api")],
  'google_pubsub_topic_iam_member.requests_publishers["worker"]': [PUBLISHER, account("worker")],
  'google_pubsub_topic_iam_member.requests_publishers["serviceAccount:etl@my-project.iam.gserviceaccount.com"]': [
    PUBLISHER,
    "serviceAccount:etl@my-project.iam.gserviceaccount.com",
  ],
  'google_pubsub_topic_iam_member.batch_publishers["api"]': [PUBLISHER, account("api")],
  'google_pubsub_topic_iam_member.batch_publishers["worker"]': [PUBLISHER, account("worker")],
  "google_pubsub_topic_iam_member.worker_publishes_dead_letters": [PUBLISHER, account("worker")],
  "google_pubsub_topic_iam_member.worker_publishes_events[0]": [PUBLISHER, account("worker")],
  'google_project_iam_member.ledger["api"]': ["roles/datastore.user", account("api")],
  'google_project_iam_member.ledger["worker"]': ["roles/datastore.user", account("worker")],
  "google_secret_manager_secret_iam_member.api_reads_callers": ["roles/secretmanager.secretAccessor", account("api")],
  "google_service_account_iam_member.worker_signs_as_itself": ["(the custom role)", account("worker")],
  // What calls it.
  "google_cloud_run_v2_service_iam_member.push_calls_worker[0]": ["roles/run.invoker", account("push")],
  'google_cloud_run_v2_service_iam_member.callers_call_api["crm@my-project.iam.gserviceaccount.com"]': [
    "roles/run.invoker",
    "serviceAccount:crm@my-project.iam.gserviceaccount.com",
  ],
  'google_cloud_run_v2_service_iam_member.callers_call_api["@corp.example"]': [
    "roles/run.invoker",
    "domain:corp.example",
  ],
  'google_cloud_run_v2_service_iam_member.callers_call_api["admin@corp.example"]': [
    "roles/run.invoker",
    "user:admin@corp.example",
  ],
  // Pub/Sub's own account.
  "google_pubsub_topic_iam_member.pubsub_publishes_dead_letters": [PUBLISHER, PUBSUB],
  'google_pubsub_subscription_iam_member.pubsub_takes_dead_letters["draft-requests-push"]': [
    "roles/pubsub.subscriber",
    PUBSUB,
  ],
  'google_pubsub_subscription_iam_member.pubsub_takes_dead_letters["draft-requests-batch-push"]': [
    "roles/pubsub.subscriber",
    PUBSUB,
  ],
  "google_service_account_iam_member.pubsub_mints_push_tokens": ["roles/iam.serviceAccountOpenIdTokenCreator", PUBSUB],
  // What deploys it.
  'google_project_iam_member.deployer["roles/iam.securityReviewer"]': [
    "roles/iam.securityReviewer",
    account("deployer"),
  ],
  'google_project_iam_member.deployer["roles/logging.logWriter"]': ["roles/logging.logWriter", account("deployer")],
  'google_project_iam_member.deployer["roles/run.developer"]': ["roles/run.developer", account("deployer")],
  'google_project_iam_member.deployer["roles/viewer"]': ["roles/viewer", account("deployer")],
  "google_artifact_registry_repository_iam_member.deployer_pushes_images": [
    "roles/artifactregistry.writer",
    account("deployer"),
  ],
  "google_secret_manager_secret_iam_member.deployer_reads_callers": [
    "roles/secretmanager.secretAccessor",
    account("deployer"),
  ],
  "google_storage_bucket_iam_member.deployer_keeps_state": ["roles/storage.objectAdmin", account("deployer")],
  'google_service_account_iam_member.deployer_deploys_as["api"]': ["roles/iam.serviceAccountUser", account("deployer")],
  'google_service_account_iam_member.deployer_deploys_as["worker"]': [
    "roles/iam.serviceAccountUser",
    account("deployer"),
  ],
  'google_service_account_iam_member.github_is_deployer["only"]': [
    "roles/iam.workloadIdentityUser",
    "(known after its pool)",
  ],
};
