# As whom images are built and rolled out, by Cloud Build or by GitHub Actions. It may change what runs, not who may do what:
# it reads everything, and a plan that changes a grant fails at its apply, to be applied by a person.
resource "google_project_iam_member" "deployer" {
  for_each = toset(["roles/viewer", "roles/iam.securityReviewer", "roles/run.developer", "roles/logging.logWriter"])
  project  = var.project_id
  role     = each.key
  member   = google_service_account.deployer.member
}

resource "google_artifact_registry_repository_iam_member" "deployer_pushes_images" {
  repository = google_artifact_registry_repository.images.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.deployer.member
}

resource "google_secret_manager_secret_iam_member" "deployer_reads_callers" {
  secret_id = google_secret_manager_secret.callers.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.deployer.member
}

resource "google_storage_bucket_iam_member" "deployer_keeps_state" {
  bucket = var.state_bucket
  role   = "roles/storage.objectAdmin"
  member = google_service_account.deployer.member
}

# Whoever may run code as the worker can act for every mailbox of the delegation: what deploys is as trusted as what runs.
resource "google_service_account_iam_member" "deployer_deploys_as" {
  for_each           = { api = google_service_account.api.name, worker = google_service_account.worker.name }
  service_account_id = each.value
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.deployer.member
}

locals {
  github = var.github == null ? {} : { only = var.github }
}

resource "google_iam_workload_identity_pool" "github" {
  for_each                  = local.github
  workload_identity_pool_id = "${var.prefix}-github"
  depends_on                = [google_project_service.api]
}

# One repository, by its number, and one branch. A pull request has another ref, a fork another number.
resource "google_iam_workload_identity_pool_provider" "github" {
  for_each                           = local.github
  workload_identity_pool_id          = google_iam_workload_identity_pool.github[each.key].workload_identity_pool_id
  workload_identity_pool_provider_id = "github"
  attribute_mapping = {
    "google.subject"          = "assertion.sub"
    "attribute.repository_id" = "assertion.repository_id"
  }
  attribute_condition = "assertion.repository_id == '${each.value.repository_id}' && assertion.ref == 'refs/heads/${each.value.branch}'"
  oidc { issuer_uri = "https://token.actions.githubusercontent.com" }
}

resource "google_service_account_iam_member" "github_is_deployer" {
  for_each           = local.github
  service_account_id = google_service_account.deployer.name
  role               = "roles/iam.workloadIdentityUser"
  member             = "principalSet://iam.googleapis.com/${google_iam_workload_identity_pool.github[each.key].name}/attribute.repository_id/${each.value.repository_id}"
}
