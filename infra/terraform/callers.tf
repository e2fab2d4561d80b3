locals {
  # Absent fields mean their defaults; the file's schema knows no null.
  callers = [for entry in var.callers : { for name, value in entry : name => value if value != null }]

  # The policy names people and programs; IAM wants to know which of the two each is.
  invokers = {
    for entry in var.callers : entry.caller => (
      startswith(entry.caller, "@") ? "domain:${trimprefix(entry.caller, "@")}" :
      endswith(entry.caller, "gserviceaccount.com") ? "serviceAccount:${entry.caller}" : "user:${entry.caller}"
    )
  }
}

# Not a secret: a file that a container can read without being built anew.
resource "google_secret_manager_secret" "callers" {
  secret_id = "${var.prefix}-callers"
  replication {
    user_managed {
      replicas { location = var.region }
    }
  }
  depends_on = [google_project_service.api]
}

resource "google_secret_manager_secret_version" "callers" {
  secret      = google_secret_manager_secret.callers.id
  secret_data = jsonencode({ callers = local.callers })
  # A revision names the version that it was made with, and one that is rolled back to needs it still.
  deletion_policy = "ABANDON"
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_secret_manager_secret_iam_member" "api_reads_callers" {
  secret_id = google_secret_manager_secret.callers.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.api.member
}
