locals {
  apis = [
    "artifactregistry", "cloudbuild", "cloudresourcemanager", "cloudscheduler", "firestore", "gmail", "iam",
    "iamcredentials", "logging", "monitoring", "orgpolicy", "pubsub", "run", "secretmanager", "serviceusage", "sts",
  ]
}

resource "google_project_service" "api" {
  for_each           = toset(local.apis)
  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

data "google_project" "this" {
  project_id = var.project_id
}

locals {
  # Google's own account for Pub/Sub in this project. In a new project it is there once
  # `gcloud beta services identity create --service=pubsub.googleapis.com` has been run.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  # Cloud Run's, which makes the tokens that a container finds at its metadata server.
  run_agent = "service-${data.google_project.this.number}@serverless-robot-prod.iam.gserviceaccount.com"
}
