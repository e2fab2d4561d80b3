terraform {
  required_version = ">= 1.9, < 2.0"
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8"
    }
  }
  # terraform init -backend-config=bucket=BUCKET
  backend "gcs" {
    prefix = "draftmill"
  }
}

provider "google" {
  project = var.project_id
  region  = var.region
}
