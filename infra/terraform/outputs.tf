output "api_url" {
  description = "Where callers send their requests; also the audience of their tokens."
  value       = one([for service in google_cloud_run_v2_service.api : local.api_url])
}

output "worker_url" {
  description = "Where Pub/Sub pushes to. Nobody else reaches it."
  value       = one(google_cloud_run_v2_service.worker[*].uri)
}

output "delegation" {
  description = "What a Workspace administrator enters at Security > Access and data control > API controls > Domain-wide delegation > Add new."
  value = {
    client_id    = google_service_account.worker.unique_id
    oauth_scopes = "https://www.googleapis.com/auth/gmail.compose"
  }
}

output "image_repository" {
  description = "Where images are pushed to."
  value       = "${var.region}-docker.pkg.dev/${var.project_id}/${google_artifact_registry_repository.images.repository_id}"
}

output "images" {
  description = "What runs now. An apply by hand begins with it, or it rolls back what was deployed since."
  value       = var.images
}

locals {
  # The doctor proves one mailbox: the default one, or else the first address.
  proved = slice(concat(var.default_mailbox[*], [for mailbox in var.mailboxes : mailbox if !startswith(mailbox, "@")], [""]), 0, 1)[0]
}

output "doctor" {
  description = "Looks at the whole of it from inside, and proves one mailbox."
  value = join(" ", compact([
    "gcloud run jobs execute ${var.prefix}-doctor --project=${var.project_id} --region=${var.region} --wait",
    local.proved == "" ? "" : "--args=doctor.mjs,--mailbox=${local.proved}",
  ]))
}

output "github" {
  description = "What .github/workflows/deploy.yml wants to know, as variables of the environment production."
  value = var.github == null ? null : {
    GCP_WORKLOAD_IDENTITY_PROVIDER = google_iam_workload_identity_pool_provider.github["only"].name
    GCP_DEPLOYER                   = google_service_account.deployer.email
  }
}
