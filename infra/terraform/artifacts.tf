resource "google_artifact_registry_repository" "images" {
  repository_id = "${var.prefix}-images"
  location      = var.region
  format        = "DOCKER"
  docker_config { immutable_tags = true }
  cleanup_policies {
    id     = "keep-the-last-ten"
    action = "KEEP"
    most_recent_versions { keep_count = 10 }
  }
  cleanup_policies {
    id     = "drop-after-a-month"
    action = "DELETE"
    condition { older_than = local.month }
  }
  depends_on = [google_project_service.api]
}
