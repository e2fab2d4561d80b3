resource "google_service_account" "api" {
  account_id   = "${var.prefix}-api"
  display_name = "Draftmill api"
  depends_on   = [google_project_service.api]
}

resource "google_service_account" "worker" {
  account_id   = "${var.prefix}-worker"
  display_name = "Draftmill worker: holds the domain-wide delegation"
  depends_on   = [google_project_service.api]
}

resource "google_service_account" "push" {
  account_id   = "${var.prefix}-push"
  display_name = "Draftmill: as whom Pub/Sub and Cloud Scheduler call the worker"
  depends_on   = [google_project_service.api]
}

resource "google_service_account" "deployer" {
  account_id   = "${var.prefix}-deployer"
  display_name = "Draftmill: as whom a deployment runs"
  depends_on   = [google_project_service.api]
}

# The worker signs its own assertions. Token Creator would also let it mint tokens of every kind as itself.
resource "google_project_iam_custom_role" "jwt_signer" {
  role_id     = "${replace(var.prefix, "-", "_")}_jwt_signer"
  title       = "Draftmill: sign JWTs"
  permissions = ["iam.serviceAccounts.signJwt"]
  depends_on  = [google_project_service.api]
}

resource "google_service_account_iam_member" "worker_signs_as_itself" {
  service_account_id = google_service_account.worker.name
  role               = google_project_iam_custom_role.jwt_signer.id
  member             = google_service_account.worker.member
}

# On the push identity alone. For the whole project it would let Pub/Sub mint tokens of the delegated account.
resource "google_service_account_iam_member" "pubsub_mints_push_tokens" {
  service_account_id = google_service_account.push.name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = local.pubsub_agent
}

# Firestore has no policy for one database; a condition makes one.
resource "google_project_iam_member" "ledger" {
  for_each = { api = google_service_account.api.member, worker = google_service_account.worker.member }
  project  = var.project_id
  role     = "roles/datastore.user"
  member   = each.value
  condition {
    title      = "${var.prefix}_ledger_only"
    expression = "resource.name == \"projects/${var.project_id}/databases/${google_firestore_database.ledger.name}\""
  }
}

# Whoever signs as the delegated account is written down: the alert on foreign signatures reads it.
resource "google_project_iam_audit_config" "iam" {
  project = var.project_id
  service = "iam.googleapis.com"
  audit_log_config { log_type = "ADMIN_READ" }
  audit_log_config { log_type = "DATA_READ" }
  audit_log_config { log_type = "DATA_WRITE" }
}
